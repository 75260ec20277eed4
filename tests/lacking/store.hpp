// A model of knowledge::GraphStore, and structs that each lack one member of it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/knowledge/store/concept.hpp"

namespace asterism::lacking::stores {

using knowledge::Edge;
using knowledge::EdgeId;
using knowledge::Node;
using knowledge::NodeId;
using knowledge::Time;
using knowledge::Use;
using knowledge::Version;

struct Complete {
  void put(const Node&) {}
  void put(const Edge&) {}
  void put(const Use&) {}
  std::optional<Node> find(NodeId) const { return {}; }
  std::optional<Edge> find(EdgeId) const { return {}; }
  bool erase(NodeId) { return false; }
  bool erase(EdgeId) { return false; }
  void set_property(std::string_view, std::string_view) {}
  std::optional<std::string> property(std::string_view) const { return {}; }
  Version commit(std::string_view, Time) { return {}; }
  void discard() {}
  std::vector<knowledge::Commit> versions() const { return {}; }
  Version rollback(Version, Time) { return {}; }
  template <class F>
  void for_each(F&&) const {}
  std::vector<knowledge::Damage> verify() const { return {}; }
};
// Each hides one member.
struct NoPut : Complete {
  void put(const Node&) {}
};
struct NoFind : Complete {
  std::optional<Node> find(NodeId) const { return {}; }
};
struct NoErase : Complete {
  void erase(NodeId) {}
};
struct NoProperty : Complete {
  void property(std::string_view) const {}
};
struct NoCommit : Complete {
  Version commit(std::string_view) { return {}; }
};
struct NoVersions : Complete {
  std::vector<Version> versions() const { return {}; }
};
struct NoRollback : Complete {
  void rollback(Version, Time) {}
};
struct NoForEach : Complete {
  void for_each() const {}
};
struct NoVerify : Complete {
  bool verify() const { return true; }
};

}  // namespace asterism::lacking::stores
