// The laws of knowledge::GraphStore, one function template for each, for the stores of the toolkit and for your own:
//
//   TEST_CASE("my store obeys the laws") { laws::graph_store<MyStore>(); }
//
// A store that has no default constructor is made, empty, by a function:
//
//   laws::graph_store([&] { return store::Sqlite(folder.fresh()); });
//
// Needs doctest.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "asterism/core/error.hpp"
#include "asterism/core/random.hpp"
#include "asterism/knowledge/records.hpp"
#include "asterism/knowledge/store/concept.hpp"

#include "laws/law.hpp"

namespace asterism::laws {

template <class Make>
using StoreOf = std::invoke_result_t<const Make&>;

/// All that a store should hold, with a whole copy of each version.
struct NaiveStore {
  struct Content {
    std::map<knowledge::NodeId, knowledge::Node> nodes{};
    std::map<knowledge::EdgeId, knowledge::Edge> edges{};
    bool operator==(const Content&) const = default;
  };

  /// As the next commit would leave it.
  Content now{};
  std::map<knowledge::NodeId, knowledge::Use> uses{};
  std::map<std::string, std::string> properties{};

  std::map<knowledge::Version, Content> kept{};
  std::vector<knowledge::Commit> commits{};  // `rows` is 0: stores count them
  std::map<knowledge::NodeId, knowledge::Use> committed_uses{};
  std::map<std::string, std::string> committed_properties{};

  knowledge::Version last() const { return commits.empty() ? knowledge::Version{} : commits.back().version; }
  Content last_content() const { return commits.empty() ? Content{} : kept.at(last()); }

  void add(knowledge::Commit commit, Content content) {
    commits.push_back(std::move(commit));
    kept[last()] = std::move(content);
    if (commits.size() > knowledge::kept_versions) commits.erase(commits.begin());
    std::erase_if(kept, [&](const auto& one) { return one.first < commits.front().version; });
  }
  knowledge::Version commit(std::string note, knowledge::Time at) {
    committed_uses = uses;
    committed_properties = properties;
    if (now != last_content()) add({{last().value + 1}, last(), at, std::move(note), 0}, now);
    return last();
  }
  void discard() {
    now = last_content();
    uses = committed_uses;
    properties = committed_properties;
  }
  knowledge::Version rollback(knowledge::Version version, knowledge::Time at) {
    const knowledge::Version next{last().value + 1};
    std::erase_if(commits, [&](const knowledge::Commit& one) { return one.version > version; });
    const Content content = kept.at(version);
    add({next, version, at, "", 0}, content);
    discard();
    return next;
  }
};

/// A node or edge that differs with every call, of one of few ids, so that they meet again.
inline knowledge::Node node_to_try(Random& random) {
  knowledge::Node node{.id = {static_cast<std::uint32_t>(random.below(12))}};
  node.kind = static_cast<std::uint16_t>(random.below(5));
  node.name = random.below(3) == 0 ? "" : "Salt D\xc3\xa4ncer " + std::to_string(random.below(4));
  for (std::uint64_t i = 0; i < random.below(4); ++i) node.aliases.push_back("alias " + std::to_string(i));
  node.text = std::string(random.below(40), 'x') + std::to_string(random.below(3));
  node.source = "cards.json";
  node.confidence = static_cast<double>(random.below(5)) / 4;
  node.weight = 1 + static_cast<double>(random.below(3));
  node.pinned = random.below(4) == 0;
  if (random.below(4) == 0) node.merged_into = {static_cast<std::uint32_t>(random.below(12))};
  node.vector.resize(random.below(3) == 0 ? 0 : 8);
  for (float& value : node.vector) value = static_cast<float>(random.normal());
  return node;
}
inline knowledge::Edge edge_to_try(Random& random) {
  knowledge::Edge edge{.id = {static_cast<std::uint32_t>(random.below(12))}};
  edge.from = {static_cast<std::uint32_t>(random.below(12))};
  edge.kind = static_cast<std::uint16_t>(random.below(5));
  edge.to = {static_cast<std::uint32_t>(random.below(12))};
  if (random.below(2) == 0) edge.valid_from = {static_cast<std::int64_t>(random.below(100))};
  if (random.below(2) == 0) edge.valid_to = {100 + static_cast<std::int64_t>(random.below(100))};
  edge.confidence = static_cast<double>(random.below(5)) / 4;
  edge.source = "rules.json";
  return edge;
}

/// A store, and beside it what it should hold.
template <class Make>
struct StoreCase {
  StoreCase(std::string sentence, const Make& make)
      : law(std::move(sentence), model_name<StoreOf<Make>>()), store(make()) {}

  /// Some change, to both.
  void change(Random& random) {
    switch (random.below(7)) {
      case 0:
      case 1: {
        const knowledge::Node node = node_to_try(random);
        store.put(node);
        naive.now.nodes.insert_or_assign(node.id, node);
        break;
      }
      case 2:
      case 3: {
        const knowledge::Edge edge = edge_to_try(random);
        store.put(edge);
        naive.now.edges.insert_or_assign(edge.id, edge);
        break;
      }
      case 4: {
        const knowledge::NodeId id{static_cast<std::uint32_t>(random.below(12))};
        law.holds(store.erase(id) == (naive.now.nodes.erase(id) != 0), "node ", id.value, " was erased");
        break;
      }
      case 5: {
        const knowledge::EdgeId id{static_cast<std::uint32_t>(random.below(12))};
        law.holds(store.erase(id) == (naive.now.edges.erase(id) != 0), "edge ", id.value, " was erased");
        break;
      }
      default: {
        const knowledge::Use use{{static_cast<std::uint32_t>(random.below(12))}, random.below(9), {7}};
        store.put(use);
        naive.uses[use.node] = use;
        const std::string key = "key " + std::to_string(random.below(3));
        const std::string value = std::to_string(random.below(9));
        store.set_property(key, value);
        naive.properties[key] = value;
      }
    }
  }
  void commit(std::int64_t at) {
    const std::string note = "note " + std::to_string(at);
    const knowledge::Version found = store.commit(note, {at});
    const knowledge::Version expected = naive.commit(note, {at});
    law.holds(found == expected, "commit ", at, " is version ", found.value, ", expected ", expected.value);
  }

  /// What `find` and `property` say.
  void compare_now(const std::string& when) {
    for (std::uint32_t i = 0; i < 13; ++i) {
      const auto node = store.find(knowledge::NodeId{i});
      const auto wanted = naive.now.nodes.find({i});
      law.holds(node.has_value() == (wanted != naive.now.nodes.end()), when, ": node ", i, " is there or not");
      law.holds(!node || *node == wanted->second, when, ": node ", i, " has another value");
      const auto edge = store.find(knowledge::EdgeId{i});
      const auto wanted_edge = naive.now.edges.find({i});
      law.holds(edge.has_value() == (wanted_edge != naive.now.edges.end()), when, ": edge ", i,
                " is there or not");
      law.holds(!edge || *edge == wanted_edge->second, when, ": edge ", i, " has another value");
    }
    for (std::uint32_t i = 0; i < 3; ++i) {
      const std::string key = "key " + std::to_string(i);
      const auto value = store.property(key);
      const auto wanted = naive.properties.find(key);
      law.holds(value.has_value() == (wanted != naive.properties.end()), when, ": property ", key,
                " is there or not");
      law.holds(!value || *value == wanted->second, when, ": property ", key, " has another value");
    }
  }

  /// What `versions`, `for_each` and `verify` say.
  void compare_committed(const std::string& when) {
    std::vector<knowledge::Commit> versions = store.versions();
    law.holds(versions.size() == naive.commits.size(), when, ": ", versions.size(), " versions, expected ",
              naive.commits.size());
    for (std::size_t i = 0; i < versions.size(); ++i) {
      knowledge::Commit wanted = naive.commits[i];
      const knowledge::Commit& found = versions[i];
      law.holds(found.version == wanted.version && found.parent == wanted.parent && found.at == wanted.at &&
                    (wanted.note.empty() || found.note == wanted.note),
                when, ": the commit of version ", wanted.version.value, " is another");
    }
    Rows rows{law, when};
    for (const knowledge::Commit& commit : naive.commits) rows.content[commit.version];
    store.for_each(rows.visitor());
    for (const knowledge::Commit& commit : naive.commits) {
      law.holds(rows.content.at(commit.version) == naive.kept.at(commit.version), when,
                ": for_each has other rows of version ", commit.version.value);
    }
    const auto forgotten = [&](const auto& use) {  // it may go with the node
      return std::none_of(naive.kept.begin(), naive.kept.end(),
                          [&](const auto& one) { return one.second.nodes.count(use.first) != 0; });
    };
    auto uses = naive.committed_uses;
    std::erase_if(uses, forgotten);
    std::erase_if(rows.uses, forgotten);
    law.holds(rows.uses == uses, when, ": for_each has other uses");
    const auto damage = store.verify();
    law.holds(damage.empty(), when, ": ", [&] { return damage.front().table + ": " + damage.front().what; });
  }

  Law law;
  StoreOf<Make> store;
  NaiveStore naive{};

 private:
  struct Rows {
    const Law& law;
    std::string when;
    std::map<knowledge::Version, NaiveStore::Content> content{};
    std::map<knowledge::NodeId, knowledge::Use> uses{};
    std::pair<std::uint32_t, knowledge::Version> last{};
    int stage = 0;

    struct Visitor {
      Rows* rows;
      void operator()(const knowledge::Node& node, knowledge::Lifetime lifetime) const {
        rows->in_order(1, node.id.value, lifetime);
        rows->take(node, lifetime, &NaiveStore::Content::nodes);
      }
      void operator()(const knowledge::Edge& edge, knowledge::Lifetime lifetime) const {
        rows->in_order(2, edge.id.value, lifetime);
        rows->take(edge, lifetime, &NaiveStore::Content::edges);
      }
      void operator()(const knowledge::Use& use) const {
        rows->stage = 3;
        rows->uses[use.node] = use;
      }
    };
    Visitor visitor() { return {this}; }

    void in_order(int table, std::uint32_t id, knowledge::Lifetime lifetime) {
      const std::pair<std::uint32_t, knowledge::Version> here{id, lifetime.created};
      law.holds(table > stage || (table == stage && last < here), when, ": for_each is out of order at id ", id);
      law.holds(lifetime.created < lifetime.expired, when, ": a row of id ", id, " never lived");
      stage = table;
      last = here;
    }
    template <class Record>
    void take(const Record& record, knowledge::Lifetime lifetime,
              std::map<decltype(Record::id), Record> NaiveStore::Content::*map) {
      bool taken = false;
      for (auto& [version, all] : content) {
        if (!lifetime.at(version)) continue;
        taken = true;
        law.holds((all.*map).emplace(record.id, record).second, when, ": two rows of id ", record.id.value,
                  " in version ", version.value);
      }
      law.holds(taken, when, ": a row of id ", record.id.value, " is part of no kept version");
    }
  };
};

/// Everything at random, against whole copies.
template <class Make>
void store_keeps_every_version(const Make& make) {
  Random random(5);
  for (int round = 0; round < 8; ++round) {
    StoreCase<Make> one("what was committed is there, of all kept versions; rollback brings back what was", make);
    for (std::int64_t step = 0; step < 25; ++step) {
      const std::string when = "round " + std::to_string(round) + ", step " + std::to_string(step);
      for (std::uint64_t i = 0; i < random.below(9); ++i) one.change(random);
      one.compare_now(when);
      switch (random.below(6)) {
        case 0:
          one.store.discard();
          one.naive.discard();
          break;
        case 1:
          if (!one.naive.commits.empty()) {
            const auto at = random.below(one.naive.commits.size());
            const knowledge::Version version = one.naive.commits[at].version;
            const knowledge::Version found = one.store.rollback(version, {step});
            one.law.holds(found == one.naive.rollback(version, {step}), when, ": rollback is version ",
                          found.value);
          }
          break;
        default:
          one.commit(step);
      }
      one.compare_now(when + ", afterwards");
      one.compare_committed(when);
    }
  }
}

/// Waiting changes are found, and are not committed; the same again writes nothing.
template <class Make>
void store_writes_what_differs(const Make& make) {
  StoreCase<Make> one("a commit without a difference writes no row and is no version", make);
  one.commit(1);
  one.compare_committed("nothing");
  Random random(6);
  while (one.naive.now.nodes.size() < 3 || one.naive.now.edges.size() < 3) one.change(random);
  one.compare_committed("nothing is committed yet");
  one.commit(2);
  const auto rows = one.store.versions().back().rows;
  one.law.holds(rows == one.naive.now.nodes.size() + one.naive.now.edges.size(),
                "rows of the first commit: ", rows);
  for (const auto& [id, node] : one.naive.now.nodes) one.store.put(node);
  for (const auto& [id, edge] : one.naive.now.edges) one.store.put(edge);
  one.commit(3);
  one.compare_committed("the same again");
  knowledge::Node changed = one.naive.now.nodes.begin()->second;
  changed.text += "!";
  one.store.put(changed);
  one.naive.now.nodes.begin()->second = changed;
  one.commit(4);
  one.law.holds(one.store.versions().back().rows == 2, "one row expires and one is created");
  one.compare_committed("one node has changed");
}

/// Refusals by name, after which nothing has changed.
template <class Make>
void store_refuses(const Make& make) {
  StoreCase<Make> one("what can't be kept is refused, and nothing has changed", make);
  Random random(7);
  for (int i = 0; i < 40; ++i) one.change(random);
  one.commit(1);
  const auto refused = [&](auto record, const char* what) {
    one.law.template throws<InvalidArgument>([&] { one.store.put(record); }, what);
  };
  const auto node = [&](const auto& spoil) {
    knowledge::Node record{.id = {3}};
    spoil(record);
    return record;
  };
  const auto edge = [&](const auto& spoil) {
    knowledge::Edge record{.id = {3}, .from = {1}, .to = {2}};
    spoil(record);
    return record;
  };
  refused(knowledge::Node{}, "no id");
  refused(node([](auto& n) { n.confidence = 1.5; }), "confidence 1.5");
  refused(node([](auto& n) { n.weight = 0; }), "weight 0");
  refused(node([](auto& n) { n.text = std::string("a\0b", 3); }), "a text with NUL");
  refused(node([](auto& n) { n.aliases = {"b", "a"}; }), "aliases that descend");
  refused(node([](auto& n) { n.vector = {0, 0.0F / 0.0F}; }), "a vector with NaN");
  refused(knowledge::Edge{}, "an edge without id");
  refused(edge([](auto& e) { e.to = knowledge::no_node; }), "an edge to nothing");
  refused(edge([](auto& e) { e.valid_to = e.valid_from; }), "an edge that never holds");
  refused(edge([](auto& e) { e.confidence = -1; }), "confidence -1");
  refused(knowledge::Use{}, "a use of nothing");
  one.law.template throws<InvalidArgument>([&] { one.store.rollback({9}, {2}); }, "rollback to what is not kept");
  one.compare_now("after refusals");
  one.commit(2);
  one.compare_committed("after refusals");
}

/// All laws.
template <class Make>
void graph_store(const Make& make) {
  static_assert(knowledge::GraphStore<StoreOf<Make>>);
  store_writes_what_differs(make);
  store_refuses(make);
  store_keeps_every_version(make);
}
template <knowledge::GraphStore S>
void graph_store() {
  graph_store([] { return S(); });
}

}  // namespace asterism::laws
