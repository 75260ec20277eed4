// What a graph keeps: nodes, edges, how often nodes were of use, and the commits that brought them.
#pragma once

#include <compare>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "asterism/knowledge/types.hpp"

namespace asterism::knowledge {

/// A thing or a fact about one.
struct Node {
  NodeId id = no_node;
  std::uint16_t kind = 0;              ///< a NodeKind of the schema
  std::string name{};                  ///< UTF-8, may be empty
  std::vector<std::string> aliases{};  ///< other names, folded as the graph folds them, ascending, each once
  std::string text{};                  ///< UTF-8, may be empty
  std::string source{};                ///< who said so
  double confidence = 1;               ///< 0 to 1
  double weight = 1;                   ///< of what was merged into it, above 0
  bool pinned = false;                 ///< never evicted
  NodeId merged_into = no_node;        ///< the node that stands for it
  std::vector<float> vector{};         ///< empty: not encoded
  friend bool operator==(const Node&, const Node&) = default;
};

/// A typed, directed connection that holds within [valid_from, valid_to).
struct Edge {
  EdgeId id = no_edge;
  NodeId from = no_node;
  std::uint16_t kind = 0;  ///< an EdgeKind of the schema
  NodeId to = no_node;
  Time valid_from = beginning;
  Time valid_to = forever;
  double weight = 1;      ///< above 0
  double confidence = 1;  ///< 0 to 1
  std::string source{};
  friend bool operator==(const Edge&, const Edge&) = default;
};

/// How often a node served an answer, and when last.
struct Use {
  NodeId node = no_node;
  std::uint64_t count = 0;
  Time last = beginning;
  friend bool operator==(const Use&, const Use&) = default;
};

/// The versions that a row is part of: [created, expired).
struct Lifetime {
  Version created{};
  Version expired = never;
  constexpr bool at(Version version) const { return created <= version && version < expired; }
  friend constexpr bool operator==(const Lifetime&, const Lifetime&) = default;
};

/// What brought a version.
struct Commit {
  Version version{};
  Version parent{};  ///< the version that it changed; 0: the empty store
  Time at{};
  std::string note{};
  std::uint64_t rows = 0;  ///< created or expired
  friend bool operator==(const Commit&, const Commit&) = default;
};

/// Something in a store that is not as it was written.
struct Damage {
  std::string table{};   ///< "node", "edge" ...
  std::uint64_t id = 0;  ///< of the row
  Version version{};     ///< that created the row, or whose rows are not all there
  std::string what{};    ///< what was expected and found
  friend bool operator==(const Damage&, const Damage&) = default;
};

/// How many versions a store can go back to, the last one among them.
inline constexpr std::size_t kept_versions = 5;

}  // namespace asterism::knowledge
