// Bodies of stop_strings.hpp.
#pragma once

#include "asterism/generate/decoding/stop_strings.hpp"

namespace asterism::generate {

ASTERISM_INLINE StopStrings::StopStrings(const std::vector<std::string>& strings) : strings_(&strings) {
  std::size_t longest = 0;
  for (const std::string& one : strings) longest = longest < one.size() ? one.size() : longest;
  held_.reserve(longest + 256);
  out_.reserve(longest + 256);
}

ASTERISM_INLINE std::string_view StopStrings::push(std::string_view piece) {
  if (strings_->empty()) return piece;
  held_.erase(0, released_);
  held_ += piece;
  std::size_t begin = 0;
  std::size_t complete = std::string::npos;
  for (const std::string& one : *strings_) {
    const std::size_t found = held_.find(one);
    if (found == std::string::npos || found + one.size() > complete) continue;
    if (found + one.size() == complete && found > begin) continue;
    begin = found;
    complete = found + one.size();
  }
  if (complete != std::string::npos) {
    found_ = true;
    released_ = begin;
    return std::string_view(held_).substr(0, begin);
  }
  std::size_t keep = 0;
  for (const std::string& one : *strings_) {
    const std::size_t most = one.size() - 1 < held_.size() ? one.size() - 1 : held_.size();
    for (std::size_t n = most; n > keep; --n) {
      if (held_.compare(held_.size() - n, n, one, 0, n) == 0) keep = n;
    }
  }
  released_ = held_.size() - keep;
  return std::string_view(held_).substr(0, released_);
}

ASTERISM_INLINE std::string_view StopStrings::finish() {
  if (strings_->empty() || found_) return {};
  out_.assign(held_, released_);
  held_.clear();
  released_ = 0;
  return out_;
}

}  // namespace asterism::generate
