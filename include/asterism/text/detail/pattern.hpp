// Patterns that components search for, strings or regexes, and ways to split text at matches.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/text/detail/component.hpp"
#include "asterism/text/detail/regex.hpp"

namespace asterism::text {

/// Bytes [begin, end) of a text; `match` if the pattern matched them.
struct Segment {
  std::size_t begin = 0;
  std::size_t end = 0;
  bool match = false;

  friend bool operator==(const Segment&, const Segment&) = default;
};

/// A string or regex to search for. Immutable; const members may be called from several threads.
class Pattern {
 public:
  explicit Pattern(std::string literal) : literal_(std::move(literal)) {}
  explicit Pattern(Regex regex) : regex_(std::move(regex)) {}

  /// The field "pattern" of a component: {"String": ..} or {"Regex": ..}.
  static Pattern from_json(const Component& component);

  /// The string to search for; empty if it is a regex.
  const std::string& literal() const { return literal_; }

  /// Calls `on_match(begin, end)` for each match from left to right, as `Regex::for_each_match`.
  void for_each_match(std::string_view text, const std::function<void(std::size_t, std::size_t)>& on_match) const;

  /// Appends the segments that cover `text`, matches and the text between them; none for an empty text.
  void segments(std::string_view text, std::vector<Segment>& out) const;

 private:
  std::string literal_;
  std::optional<Regex> regex_;
};

/// How a match is treated when text is split there.
enum class SplitBehavior : std::uint8_t {
  removed,               ///< it is dropped
  isolated,              ///< it is a piece of its own
  merged_with_previous,  ///< it belongs to the piece before it
  merged_with_next,      ///< it belongs to the piece after it
  contiguous,            ///< neighbouring matches are one piece
};

/// The field "behavior" of a component.
SplitBehavior require_split_behavior(const Component& component);

/// The pieces formed from the `segments` of one text; `match` has no meaning in them. Pieces may be empty.
std::vector<Segment> split(const std::vector<Segment>& segments, SplitBehavior behavior);

}  // namespace asterism::text

#if !defined(ASTERISM_COMPILED)
#include "asterism/text/detail/pattern_impl.hpp"
#endif
