// The laws of stores find stores that break them.
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/knowledge/store/memory.hpp"

#include "laws/store_laws.hpp"

using namespace asterism;
using namespace asterism::knowledge;

namespace {

using Base = store::Memory;

/// What is told of the law that the store breaks; empty if it breaks none.
template <class S>
std::string broken() {
  try {
    laws::graph_store<S>();
  } catch (const laws::LawBroken& error) {
    return error.what();
  }
  return "";
}

/// Commits what was discarded.
struct KeepsDiscarded : Base {
  void discard() {}
};
/// Finds what is committed alone.
struct FindsLate : Base {
  void put(Node node) {
    waiting.push_back(node.id);
    Base::put(std::move(node));
  }
  using Base::put;
  std::optional<Node> find(NodeId id) const {
    for (const NodeId late : waiting) {
      if (late == id) return std::nullopt;
    }
    return Base::find(id);
  }
  std::optional<Edge> find(EdgeId id) const { return Base::find(id); }
  Version commit(std::string_view note, Time at) {
    waiting.clear();
    return Base::commit(note, at);
  }
  std::vector<NodeId> waiting{};
};
/// Makes a version of nothing new.
struct AlwaysWrites : Base {
  Version commit(std::string_view note, Time at) {
    Node node{.id = {11}, .text = std::string(note)};
    Base::put(node);
    return Base::commit(note, at);
  }
};
/// Goes back to the version before the one that was asked for.
struct TooFar : Base {
  Version rollback(Version version, Time at) {
    const auto all = versions();
    for (std::size_t i = 1; i < all.size(); ++i) {
      if (all[i].version == version) return Base::rollback(all[i - 1].version, at);
    }
    return Base::rollback(version, at);
  }
};
/// Shows the rows that live alone.
struct NoPast : Base {
  template <class F>
  void for_each(F&& f) const {
    Base::for_each(Living<F>{f});
  }
  template <class F>
  struct Living {
    F& f;
    template <class Record>
    void operator()(const Record& record, Lifetime lifetime) const {
      if (lifetime.expired == never) f(record, lifetime);
    }
    void operator()(const Use& use) const { f(use); }
  };
};
/// Forgets aliases.
struct NoAliases : Base {
  using Base::put;
  void put(Node node) {
    node.aliases.clear();
    Base::put(std::move(node));
  }
};
/// Says that it has erased whatever it was told to.
struct ErasesAll : Base {
  bool erase(NodeId id) {
    Base::erase(id);
    return true;
  }
  bool erase(EdgeId id) { return Base::erase(id); }
};
/// Loses uses.
struct Useless : Base {
  using Base::put;
  void put(Use) {}
};
/// Takes any confidence.
struct Gullible : Base {
  using Base::put;
  void put(Node node) {
    node.confidence = node.confidence > 1 ? 1 : node.confidence;
    Base::put(std::move(node));
  }
};

}  // namespace

TEST_CASE("a sound store breaks no law") { CHECK(broken<Base>().empty()); }

TEST_CASE_TEMPLATE("each mistake of a store is found", S, KeepsDiscarded, FindsLate, AlwaysWrites, TooFar, NoPast,
                   NoAliases, ErasesAll, Useless, Gullible) {
  CHECK(!broken<S>().empty());
}
