// The lines of a file, one after the other, with memory for one of them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "asterism/core/view.hpp"
#include "asterism/file/input_file.hpp"

namespace asterism::train::detail {

/// Reads in pieces of 1 MiB at most. Lines end with a line feed or with the bytes; one behind the last line feed that
/// is empty is none. Not thread-safe.
class LineReader {
 public:
  /// `bytes` outlives the reader; lines longer than `longest` are passed over.
  LineReader(const file::StoredBytes& bytes, std::size_t longest) : bytes_(bytes), longest_(longest) {}

  /// The next line, if there is one: `line()` until the next call, `too_long()` if it was passed over.
  bool next() {
    line_.clear();
    too_long_ = false;
    bool any = false;
    for (;;) {
      if (at_ == piece_.size() && !refill()) break;
      any = true;
      const std::string_view rest = std::string_view(piece_).substr(at_);
      const std::size_t end = rest.find('\n');
      const std::string_view part = rest.substr(0, end);
      too_long_ = too_long_ || part.size() > longest_ - line_.size();
      if (too_long_) {
        line_.clear();
      } else {
        line_.append(part);
      }
      at_ += part.size();
      if (end == rest.npos) continue;
      ++at_;
      break;
    }
    if (any) ++number_;
    return any;
  }

  const std::string& line() const { return line_; }
  bool too_long() const { return too_long_; }
  /// From 1.
  std::uint64_t number() const { return number_; }

 private:
  bool refill() {
    const std::uint64_t left = bytes_.size() - offset_;
    piece_.resize(static_cast<std::size_t>(std::min<std::uint64_t>(left, 1U << 20U)));
    at_ = 0;
    if (piece_.empty()) return false;
    bytes_.read(offset_, {reinterpret_cast<std::byte*>(piece_.data()), piece_.size()});
    offset_ += piece_.size();
    return true;
  }

  const file::StoredBytes& bytes_;
  std::size_t longest_;
  std::string piece_;
  std::size_t at_ = 0;
  std::uint64_t offset_ = 0;
  std::string line_;
  bool too_long_ = false;
  std::uint64_t number_ = 0;
};

}  // namespace asterism::train::detail
