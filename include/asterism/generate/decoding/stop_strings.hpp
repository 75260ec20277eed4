// Ends a stream of text at stop strings, even if one spans several pieces.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/core/config.hpp"

namespace asterism::generate {

/// Holds text back only as long as it may be the beginning of a stop string. The text ends before the stop string
/// that completes first (the longest, if several complete at once), however the text is split into pieces. Pieces
/// that split no character give text that splits none.
class StopStrings {
 public:
  /// `strings` must outlive it; none may be empty.
  explicit StopStrings(const std::vector<std::string>& strings);

  /// Takes a piece of text and returns the text certain to be part of the answer, valid until the next call.
  std::string_view push(std::string_view piece);
  /// A stop string has occurred; nothing after it may be pushed.
  bool found() const { return found_; }
  /// The text held back, if the text ends without a stop string.
  std::string_view finish();

 private:
  const std::vector<std::string>* strings_;
  std::string held_;
  std::string out_;
  std::size_t released_ = 0;  ///< characters of held_ returned by the last push
  bool found_ = false;
};

}  // namespace asterism::generate

#if !defined(ASTERISM_COMPILED)
#include "asterism/generate/decoding/stop_strings_impl.hpp"
#endif
