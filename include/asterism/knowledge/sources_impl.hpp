// Bodies of sources.hpp.
#pragma once

#include <charconv>
#include <cstddef>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/knowledge/sources.hpp"

namespace asterism::knowledge {

namespace detail {

/// Takes the first line off the list.
inline std::string_view take_line(std::string_view& list) {
  const std::size_t end = list.find('\n');
  const std::string_view line = list.substr(0, end);
  list.remove_prefix(end == std::string_view::npos ? list.size() : end + 1);
  return line;
}

/// N of a line `+N`, else 0.
inline std::size_t counted(std::string_view line) {
  std::size_t count = 0;
  if (line.starts_with('+')) std::from_chars(line.data() + 1, line.data() + line.size(), count);
  return count;
}

}  // namespace detail

ASTERISM_INLINE bool names_source(std::string_view list, std::string_view source) {
  while (!list.empty()) {
    if (detail::take_line(list) == source) return true;
  }
  return false;
}

ASTERISM_INLINE std::size_t count_sources(std::string_view list) {
  std::size_t count = 0;
  while (!list.empty()) {
    const std::size_t more = detail::counted(detail::take_line(list));
    count += more == 0 ? 1 : more;
  }
  return count;
}

ASTERISM_INLINE std::string with_source(std::string_view list, std::string_view source) {
  if (source.find('\n') != std::string_view::npos || source.starts_with('+')) {
    throw InvalidArgument(concat("the source '", source, "': a source is one line that does not begin with '+'"));
  }
  if (source.empty() || names_source(list, source)) return std::string(list);
  if (list.empty()) return std::string(source);
  std::string named;
  std::size_t names = 0;
  std::size_t more = 0;
  for (std::string_view left = list; !left.empty();) {
    const std::string_view line = detail::take_line(left);
    if (const std::size_t n = detail::counted(line); n != 0) {
      more = n;
    } else {
      named += concat(named.empty() ? "" : "\n", line);
      ++names;
    }
  }
  if (names < most_sources && more == 0) return concat(named, "\n", source);
  return concat(named, "\n+", more + 1);
}

ASTERISM_INLINE std::string with_sources(std::string_view list, std::string_view others) {
  std::string all(list);
  while (!others.empty()) {
    const std::string_view line = detail::take_line(others);
    if (detail::counted(line) == 0) all = with_source(all, line);
  }
  return all;
}

ASTERISM_INLINE std::string without_source(std::string_view list, std::string_view source) {
  std::string left;
  while (!list.empty()) {
    const std::string_view line = detail::take_line(list);
    if (line != source) left += concat(left.empty() ? "" : "\n", line);
  }
  return left;
}

}  // namespace asterism::knowledge
