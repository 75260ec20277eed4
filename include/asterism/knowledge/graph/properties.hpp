// What a graph writes into its store beside nodes and edges.
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace asterism::knowledge::detail {

inline std::uint64_t number_of(const std::optional<std::string>& text) {
  std::uint64_t value = 0;
  if (text) std::from_chars(text->data(), text->data() + text->size(), value);
  return value;
}

/// Names of a schema's kinds, one a line.
template <class Kind, class Schema>
std::string names_of(std::size_t count) {
  std::string all;
  for (std::size_t i = 0; i < count; ++i) {
    all += Schema::name_of(static_cast<Kind>(i));
    all += '\n';
  }
  return all;
}

inline constexpr const char* node_kinds_key = "kinds of nodes";
inline constexpr const char* edge_kinds_key = "kinds of edges";
inline constexpr const char* encoder_key = "encoder";
inline constexpr const char* dim_key = "numbers of a vector";
inline constexpr const char* vectors_since_key = "vectors since version";
inline constexpr const char* next_node_key = "next node";
inline constexpr const char* next_edge_key = "next edge";

}  // namespace asterism::knowledge::detail
