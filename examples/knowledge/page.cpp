// Bodies of page.hpp.
#include "page.hpp"

#include <algorithm>
#include <asterism/core/format.hpp>
#include <asterism/knowledge/walk.hpp>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "layout.hpp"
#include "output.hpp"

namespace example {

namespace {

using knowledge::Edge;
using knowledge::Node;

constexpr std::size_t most_drawn = 400;
constexpr std::size_t most_named = 60;

constexpr std::string_view style =
    "body{font:15px/1.45 system-ui,sans-serif;color:#1c2430;max-width:960px;margin:2em auto;padding:0 1em}"
    "summary{cursor:pointer}h2{font-size:1.1em;margin:1.5em 0 .3em}ul{margin:.2em 0 .6em;padding-left:1.4em}"
    "small{color:#4a5565}.past{color:#8a94a3}svg{width:100%;background:#f6f7f9}line{stroke:#c3c9d2}"
    "svg text{font-size:9px}td,th{text-align:left;padding:.1em .8em .1em 0}"
    ".bar{display:inline-block;height:.7em;background:#5b7db1}";
constexpr std::string_view colours[] = {"#4e79a7", "#f28e2b", "#59a14f", "#b07aa1", "#e15759", "#76b7b2",
                                        "#9c755f", "#edc948", "#7f7f7f", "#ff9da7", "#86bcb6"};

/// True of a node that others are about: one with a name.
bool is_thing(const Node& node) { return !node.name.empty(); }

class Page {
 public:
  explicit Page(const Graph& graph) : graph_(graph), snapshot_(graph.snapshot()) {
    snapshot_.for_each_node([&](const Node& node) { nodes_.emplace(node.id, node); });
    choose();
    snapshot_.for_each_edge([&](const Edge& edge) {
      if (drawn_.count(edge.from) != 0) at_[edge.from].push_back(edge);
      if (edge.to != edge.from && drawn_.count(edge.to) != 0) at_[edge.to].push_back(edge);
    });
  }

  std::string text() {
    out_ =
        concat("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Knowledge</title>",
               "<meta name=\"viewport\" content=\"width=device-width\">\n<style>", style,
               "</style></head><body>\n<h1>Knowledge, version ", snapshot_.version().value, "</h1>\n<p>",
               drawn_.size(), " of ", things_, " things, those first that most walks lead to; a ring shows what ",
               "belongs together. Point at one, or choose it.</p>\n");
    draw();
    show_growth();
    std::map<std::uint16_t, std::vector<const Node*>> by_kind;
    for (const auto& [id, place] : drawn_) by_kind[nodes_.at(id).kind].push_back(&nodes_.at(id));
    for (auto& [kind, nodes] : by_kind) {
      std::sort(nodes.begin(), nodes.end(), [](const Node* a, const Node* b) {
        return a->name != b->name ? a->name < b->name : a->id < b->id;
      });
      out_ += concat("<h2>", dot(kind), name_of_node(kind), ", ", nodes.size(), "</h2>\n");
      for (const Node* node : nodes) add(*node);
    }
    return out_ + "</body></html>\n";
  }

 private:
  /// The things that PageRank from all nodes puts first, by their place in that order.
  void choose() {
    std::vector<knowledge::Scored> seeds;
    for (const auto& [id, node] : nodes_) {
      seeds.push_back({id, 1});
      things_ += is_thing(node) ? 1 : 0;
    }
    if (seeds.empty()) return;
    const double epsilon = 0.1 / static_cast<double>(seeds.size());
    const knowledge::Related best = snapshot_.related_by(knowledge::PageRank{.damping = 0.85, .epsilon = epsilon},
                                                         View<const knowledge::Scored>(seeds), seeds.size());
    for (const knowledge::Scored& one : best.nodes) {
      if (drawn_.size() < most_drawn && is_thing(nodes_.at(one.id))) drawn_.emplace(one.id, drawn_.size());
    }
  }
  static std::string colour(std::uint16_t kind) { return std::string(colours[kind % std::size(colours)]); }
  static std::string dot(std::uint16_t kind) {
    return concat("<span style=\"color:", colour(kind), "\">&#9679;</span> ");
  }

  void draw() {
    std::vector<std::pair<std::size_t, std::size_t>> edges;
    for (const auto& [id, place] : drawn_) {
      for (const Edge& edge : at_[id]) {
        const auto to = drawn_.find(edge.to);
        if (edge.from == id && to != drawn_.end() && edge.to != id) edges.emplace_back(place, to->second);
      }
    }
    std::sort(edges.begin(), edges.end());
    edges.erase(std::unique(edges.begin(), edges.end()), edges.end());
    const std::vector<Point> points = laid_out(drawn_.size(), edges);
    const auto at = [](double share) { return fixed(20 + 920 * share, 1); };
    out_ += "<svg viewBox=\"0 0 960 960\" role=\"img\" aria-label=\"The graph\">\n";
    for (const auto& [a, b] : edges) {
      out_ += concat("<line x1=\"", at(points[a].x), "\" y1=\"", at(points[a].y), "\" x2=\"", at(points[b].x),
                     "\" y2=\"", at(points[b].y), "\"/>\n");
    }
    const knowledge::NodeClusters clusters = snapshot_.clusters();
    const std::size_t coarsest = clusters.levels() == 0 ? 0 : clusters.levels() - 1;
    for (const auto& [id, place] : drawn_) {
      const Node& node = nodes_.at(id);
      const std::uint32_t cluster = clusters.levels() == 0 ? 0 : clusters.of(id, coarsest);
      out_ += concat("<a href=\"#n", id.value, "\"><circle cx=\"", at(points[place].x), "\" cy=\"",
                     at(points[place].y), "\" r=\"", place < most_named ? 7 : 4, "\" fill=\"", colour(node.kind),
                     "\" stroke=\"hsl(", cluster * 47 % 360, ",65%,45%)\" stroke-width=\"2\"><title>",
                     xml_of(node.name), ", ", name_of_node(node.kind), "</title></circle>");
      if (place < most_named) {
        out_ += concat("<text x=\"", at(points[place].x), "\" y=\"", at(points[place].y), "\" dx=\"9\" dy=\"3\">",
                       xml_of(node.name), "</text>");
      }
      out_ += "</a>\n";
    }
    out_ += "</svg>\n";
  }

  /// Nodes of the versions that are kept.
  void show_growth() {
    out_ += "<h2>Growth</h2>\n<table><tr><th>version</th><th>nodes</th><th></th><th>what</th></tr>\n";
    std::size_t most = 1;
    std::vector<std::pair<knowledge::Commit, std::size_t>> rows;
    for (const knowledge::Commit& commit : graph_.versions()) {
      std::size_t nodes = 0;
      graph_.as_of(knowledge::latest, commit.version).for_each_node([&](const Node&) { ++nodes; });
      rows.emplace_back(commit, nodes);
      most = std::max(most, nodes);
    }
    for (const auto& [commit, nodes] : rows) {
      out_ += concat("<tr><td>", commit.version.value, "</td><td>", nodes,
                     "</td><td><span class=\"bar\" style=\"width:", 240 * nodes / most, "px\"></span></td><td>",
                     xml_of(commit.note), "</td></tr>\n");
    }
    out_ += "</table>\n";
  }

  void add(const Node& node) {
    std::vector<Edge>& edges = at_[node.id];
    std::stable_sort(edges.begin(), edges.end(), [&](const Edge& a, const Edge& b) {
      if ((a.from == node.id) != (b.from == node.id)) return a.from == node.id;
      return a.kind != b.kind ? a.kind < b.kind : a.valid_from < b.valid_from;
    });
    out_ += concat("<details class=\"thing\" id=\"n", node.id.value, "\"><summary>", xml_of(node.name),
                   "</summary><ul>\n");
    for (const Edge& edge : edges) add(node, edge);
    out_ += "</ul></details>\n";
  }
  void add(const Node& node, const Edge& edge) {
    const bool out = edge.from == node.id;
    const Node& other = nodes_.at(out ? edge.to : edge.from);
    const std::string what = xml_of(called(other));
    const std::string name =
        drawn_.count(other.id) != 0 ? concat("<a href=\"#n", other.id.value, "\">", what, "</a>") : what;
    out_ += concat("<li", edge.valid_to == knowledge::forever ? "" : " class=\"past\"", ">", out ? "" : "&larr; ",
                   name_of_edge(edge.kind), ": ", name, " <small>", interval(edge.valid_from, edge.valid_to), "; ",
                   xml_of(one_line(edge.source)), "</small></li>\n");
  }

  const Graph& graph_;
  Snapshot snapshot_;
  std::map<knowledge::NodeId, Node> nodes_{};
  std::size_t things_ = 0;
  std::map<knowledge::NodeId, std::size_t> drawn_{};  ///< by its place in the order of importance
  std::map<knowledge::NodeId, std::vector<Edge>> at_{};
  std::string out_{};
};

}  // namespace

std::string page_of(const Graph& graph) { return Page(graph).text(); }

}  // namespace example
