// Bodies of pattern.hpp.
#pragma once

#include "asterism/core/format.hpp"
#include "asterism/json/fields.hpp"
#include "asterism/text/detail/pattern.hpp"

namespace asterism::text {

ASTERISM_INLINE Pattern Pattern::from_json(const Component& component) {
  const json::Value& object = json::require_object(component.object, "pattern", component.where);
  check_keys(object, {"String", "Regex"}, concat("the pattern of ", component.role, " ", component.type()),
             component.where);
  if (object.size() != 1) component.refuse("its pattern needs either String or Regex");
  const auto literal = json::optional_string(object, "String", component.where);
  if (!literal) return Pattern(Regex(json::require_string(object, "Regex", component.where), component.where));
  if (literal->empty() || literal->size() > max_setting_bytes) {
    component.refuse(concat("its String has ", literal->size(), " bytes, supported are 1 to ", max_setting_bytes));
  }
  return Pattern(*literal);
}

ASTERISM_INLINE void Pattern::for_each_match(std::string_view text,
                                             const std::function<void(std::size_t, std::size_t)>& on_match) const {
  if (regex_) return regex_->for_each_match(text, on_match);
  for (std::size_t at = text.find(literal_); at != std::string_view::npos; at = text.find(literal_, at)) {
    on_match(at, at + literal_.size());
    at += literal_.size();
  }
}

ASTERISM_INLINE void Pattern::segments(std::string_view text, std::vector<Segment>& out) const {
  std::size_t covered = 0;
  for_each_match(text, [&](std::size_t begin, std::size_t end) {
    if (covered != begin) out.push_back({covered, begin, false});
    out.push_back({begin, end, true});
    covered = end;
  });
  if (covered != text.size()) out.push_back({covered, text.size(), false});
}

ASTERISM_INLINE SplitBehavior require_split_behavior(const Component& component) {
  const std::string& name = json::require_string(component.object, "behavior", component.where);
  if (name == "Removed") return SplitBehavior::removed;
  if (name == "Isolated") return SplitBehavior::isolated;
  if (name == "MergedWithPrevious") return SplitBehavior::merged_with_previous;
  if (name == "MergedWithNext") return SplitBehavior::merged_with_next;
  if (name == "Contiguous") return SplitBehavior::contiguous;
  component.refuse(concat("its behavior is '", printable(name, 40),
                          "', supported: Removed, Isolated, MergedWithPrevious, MergedWithNext, Contiguous"));
}

ASTERISM_INLINE std::vector<Segment> split(const std::vector<Segment>& segments, SplitBehavior behavior) {
  std::vector<Segment> pieces;
  bool previous = false;
  if (behavior == SplitBehavior::merged_with_next) {
    for (std::size_t i = segments.size(); i-- > 0;) {
      const Segment& segment = segments[i];
      if (segment.match && !previous && !pieces.empty()) {
        pieces.back().begin = segment.begin;
      } else {
        pieces.push_back(segment);
      }
      previous = segment.match;
    }
    for (std::size_t i = 0; i < pieces.size() / 2; ++i) std::swap(pieces[i], pieces[pieces.size() - 1 - i]);
    return pieces;
  }
  for (const Segment& segment : segments) {
    bool joins = false;
    if (behavior == SplitBehavior::contiguous) joins = segment.match == previous;
    if (behavior == SplitBehavior::merged_with_previous) joins = segment.match && !previous;
    if (behavior == SplitBehavior::removed && segment.match) continue;
    if (joins && !pieces.empty()) {
      pieces.back().end = segment.end;
    } else {
      pieces.push_back(segment);
    }
    previous = segment.match;
  }
  return pieces;
}

}  // namespace asterism::text
