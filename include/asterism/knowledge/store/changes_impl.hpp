// What a store refuses to keep.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <string_view>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/knowledge/store/changes.hpp"

namespace asterism::store {

namespace detail {

[[noreturn]] inline void refuse(std::string_view what, std::uint32_t id, std::string_view why) {
  throw InvalidArgument(concat(what, " ", id, ": ", why));
}

inline void check_text(std::string_view what, std::uint32_t id, std::string_view name, std::string_view text) {
  if (text.find('\0') != std::string_view::npos) refuse(what, id, concat(name, " holds a NUL character"));
}

inline void check_shares(std::string_view what, std::uint32_t id, double confidence, double weight) {
  if (!(confidence >= 0 && confidence <= 1)) {
    refuse(what, id, concat("confidence is ", confidence, ", which is 0 to 1"));
  }
  if (!(weight > 0 && std::isfinite(weight))) refuse(what, id, concat("weight is ", weight, ", which is above 0"));
}

}  // namespace detail

ASTERISM_INLINE void check(const knowledge::Node& node) {
  const std::uint32_t id = node.id.value;
  if (node.id == knowledge::no_node) detail::refuse("node", id, "that id names none");
  detail::check_shares("node", id, node.confidence, node.weight);
  detail::check_text("node", id, "name", node.name);
  detail::check_text("node", id, "text", node.text);
  detail::check_text("node", id, "source", node.source);
  for (const std::string& alias : node.aliases) detail::check_text("node", id, "an alias", alias);
  if (std::adjacent_find(node.aliases.begin(), node.aliases.end(), std::greater_equal<>()) != node.aliases.end()) {
    detail::refuse("node", id, "aliases are ascending, each once");
  }
  if (!std::all_of(node.vector.begin(), node.vector.end(), [](float value) { return std::isfinite(value); })) {
    detail::refuse("node", id, "its vector has NaN or infinity");
  }
}

ASTERISM_INLINE void check(const knowledge::Edge& edge) {
  const std::uint32_t id = edge.id.value;
  if (edge.id == knowledge::no_edge) detail::refuse("edge", id, "that id names none");
  if (edge.from == knowledge::no_node || edge.to == knowledge::no_node) {
    detail::refuse("edge", id, "it has two nodes");
  }
  if (!(edge.valid_from < edge.valid_to)) detail::refuse("edge", id, "it is valid at no instant");
  detail::check_shares("edge", id, edge.confidence, edge.weight);
  detail::check_text("edge", id, "source", edge.source);
}

ASTERISM_INLINE void check(const knowledge::Use& use) {
  if (use.node == knowledge::no_node) detail::refuse("use of node", use.node.value, "that id names none");
}

}  // namespace asterism::store
