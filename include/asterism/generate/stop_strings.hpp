// Ends a stream of text at one of several strings, also where one is spread over pieces.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace asterism::generate {

/// Holds text back as long as it may turn out to be the beginning of a stop string, and no longer. The text ends
/// before the string that is complete first, of several the longest: however it is cut into pieces. Pieces that
/// split no character give text that splits none.
class StopStrings {
 public:
  /// `strings` must outlive it; none is empty.
  explicit StopStrings(const std::vector<std::string>& strings) : strings_(&strings) {
    std::size_t longest = 0;
    for (const std::string& one : strings) longest = longest < one.size() ? one.size() : longest;
    held_.reserve(longest + 256);
    out_.reserve(longest + 256);
  }

  /// Takes a piece of text and returns what is certain to be part of the answer: valid until the next call.
  std::string_view push(std::string_view piece) {
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

  /// A stop string has occurred; nothing after it may be pushed.
  bool found() const { return found_; }

  /// What is held back when the text ends without a stop string.
  std::string_view finish() {
    if (strings_->empty() || found_) return {};
    out_.assign(held_, released_);
    held_.clear();
    released_ = 0;
    return out_;
  }

 private:
  const std::vector<std::string>* strings_;
  std::string held_;
  std::string out_;
  std::size_t released_ = 0;  ///< characters of held_ that were returned by the last push
  bool found_ = false;
};

}  // namespace asterism::generate
