// Reports that say the same: one node stands for them, and each stays as a row of its own behind it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "asterism/core/view.hpp"
#include "asterism/encode/check.hpp"
#include "asterism/knowledge/records.hpp"
#include "asterism/librarian/concept.hpp"

namespace asterism::librarian::detail {

/// Which nodes of a graph say the same, and who has said what before, as its next commit would leave it. The graph
/// outlives it. Memory: some 40 bytes for each node.
template <class Graph, SimilarityPolicy Similarity, MergePolicy Merge>
class Members {
 public:
  using Snapshot = typename Graph::Snapshot;

  explicit Members(Graph& graph) : graph_(&graph) {}

  /// As the graph's last version has it.
  void reload() {
    groups_.clear();
    said_.clear();
    graph_->snapshot().for_each_node([&](const knowledge::Node& node) {
      note(node);
      if (node.merged_into != knowledge::no_node) groups_[node.merged_into].push_back(node.id);
    });
    for (auto& [whole, members] : groups_) std::sort(members.begin(), members.end());
  }

  /// A new node, which says what it says.
  knowledge::NodeId put(knowledge::Node node) {
    node.id = graph_->put(node);
    note(node);
    return node.id;
  }

  /// The nodes that stand for what a source has said in the same words, for which fits(node) is true: the first.
  template <class Fits>
  std::optional<knowledge::NodeId> said(std::uint16_t kind, std::string_view text, std::string_view source,
                                        Fits&& fits) const {
    const auto [first, last] = said_.equal_range(saying(kind, text, source));
    for (auto at = first; at != last; ++at) {
      const std::optional<knowledge::Node> node = graph_->node_now(at->second);
      if (!node || node->kind != kind || node->text != text || node->source != source) continue;
      const knowledge::NodeId stands = node->merged_into == knowledge::no_node ? node->id : node->merged_into;
      if (fits(stands)) return stands;
    }
    return std::nullopt;
  }

  /// The new node becomes a member of another one, unless that one's vector would leave its anchor by more than
  /// `least`; then nothing changes.
  bool merge(knowledge::Node member, knowledge::NodeId into, double least) {
    const knowledge::Node node = *graph_->node_now(into);
    std::vector<knowledge::Node> members = members_of(into);
    if (members.empty()) members.push_back(node);
    members.push_back(member);
    members.back().id = {knowledge::no_node.value - 1};  // behind the others
    const knowledge::Node whole = Merge::combine(View<const knowledge::Node>(members));
    if (Similarity::of(View<const float>(whole.vector), View<const float>(members.front().vector)) < least)
      return false;

    std::vector<knowledge::NodeId>& group = groups_[into];
    if (group.empty()) {  // what the node said itself becomes a row of its own, the anchor
      knowledge::Node anchor = node;
      anchor.id = knowledge::no_node;
      anchor.merged_into = into;
      anchor.name.clear();
      anchor.aliases.clear();
      anchor.pinned = false;
      group.push_back(put(std::move(anchor)));
    }
    member.merged_into = into;
    group.push_back(put(std::move(member)));
    stand_for(into);
    return true;
  }

  /// False unless the node stands for others, or is one of them but not their anchor.
  bool may_leave(knowledge::NodeId id) const {
    if (groups_.count(id) != 0) return true;
    const std::optional<knowledge::Node> node = graph_->node_now(id);
    if (!node || node->merged_into == knowledge::no_node) return false;
    return groups_.at(node->merged_into).front() != id;
  }
  /// A member becomes a node of its own again; of a node that stands for others all do. See may_leave.
  void take_apart(knowledge::NodeId id) {
    const auto group = groups_.find(id);
    if (group == groups_.end()) return separate(id);
    const std::vector<knowledge::NodeId> all = group->second;
    for (std::size_t i = all.size(); i-- > 1;) separate(all[i]);
  }

  /// The node goes with the reports that it stands for; returns how many went.
  std::size_t erase(knowledge::NodeId id) {
    std::size_t gone = 1;
    if (const auto group = groups_.find(id); group != groups_.end()) {
      for (const knowledge::NodeId member : group->second) forget(member);
      gone += group->second.size();
      groups_.erase(group);
    }
    forget(id);
    return gone;
  }

 private:
  static std::uint64_t saying(std::uint16_t kind, std::string_view text, std::string_view source) {
    return encode::hash_of(source, encode::hash_of(text, kind));
  }
  void note(const knowledge::Node& node) { said_.emplace(saying(node.kind, node.text, node.source), node.id); }

  /// What one member, or several, say together is written to the node that stands for them.
  void stand_for(knowledge::NodeId id) {
    knowledge::Node node = *graph_->node_now(id);
    const std::vector<knowledge::Node> members = members_of(id);
    const knowledge::Node whole = Merge::combine(View<const knowledge::Node>(members));
    node.text = whole.text;
    node.vector = whole.vector;
    node.confidence = whole.confidence;
    node.weight = whole.weight;
    node.source = whole.source;
    graph_->put(std::move(node));
  }
  std::vector<knowledge::Node> members_of(knowledge::NodeId id) const {
    std::vector<knowledge::Node> members;
    if (const auto group = groups_.find(id); group != groups_.end()) {
      for (const knowledge::NodeId member : group->second) {
        if (auto one = graph_->node_now(member)) members.push_back(std::move(*one));
      }
    }
    return members;
  }

  /// A member, not the anchor, becomes a node of its own, with what leads to the node that stood for it.
  void separate(knowledge::NodeId id) {
    knowledge::Node node = *graph_->node_now(id);
    const knowledge::NodeId whole = node.merged_into;
    node.merged_into = knowledge::no_node;
    graph_->put(std::move(node));
    for (knowledge::Edge edge : graph_->edges_at(whole)) {
      if (edge.to != whole || (Snapshot::fact_kinds >> edge.kind & 1U) == 0) continue;
      edge.id = knowledge::no_edge;
      edge.to = id;
      if ((Snapshot::functional_kinds >> edge.kind & 1U) != 0) {
        graph_->supersede(std::move(edge));
      } else {
        graph_->link(std::move(edge));
      }
    }
    std::vector<knowledge::NodeId>& group = groups_.at(whole);
    std::erase(group, id);
    stand_for(whole);
    if (group.size() > 1) return;
    graph_->erase(group.front());
    groups_.erase(whole);
    note(*graph_->node_now(whole));
  }

  void forget(knowledge::NodeId id) {
    if (const auto node = graph_->node_now(id)) {
      const auto [first, last] = said_.equal_range(saying(node->kind, node->text, node->source));
      const auto at = std::find_if(first, last, [&](const auto& one) { return one.second == id; });
      if (at != last) said_.erase(at);
    }
    graph_->erase(id);
  }
  Graph* graph_;
  /// By the node that stands for them, ascending: the anchor is first.
  std::map<knowledge::NodeId, std::vector<knowledge::NodeId>> groups_{};
  /// By `saying`; some may be gone.
  std::unordered_multimap<std::uint64_t, knowledge::NodeId> said_{};
};

}  // namespace asterism::librarian::detail
