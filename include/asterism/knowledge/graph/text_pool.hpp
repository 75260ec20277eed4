// Texts of rows, one behind the other in memory that stays.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "asterism/core/view.hpp"

namespace asterism::knowledge::detail {

/// Over borrowed memory. What is given back leaves a gap until `pack` closes all of them.
class TextPool {
 public:
  TextPool() = default;
  explicit TextPool(View<char> bytes) : bytes_(bytes) {}

  void clear() { end_ = used_ = 0; }
  std::size_t used() const { return used_; }
  std::size_t room() const { return bytes_.size - used_; }
  /// True if that many bytes fit without packing.
  bool fits(std::size_t bytes) const { return bytes <= bytes_.size - end_; }

  /// Where the text lies from now on; it has to fit.
  std::uint64_t put(std::string_view text) {
    const std::uint64_t at = end_;
    if (!text.empty()) std::memcpy(bytes_.data + at, text.data(), text.size());
    end_ += text.size();
    used_ += text.size();
    return at;
  }
  void give_back(std::size_t size) { used_ -= size; }
  std::string_view text(std::uint64_t at, std::size_t size) const { return {bytes_.data + at, size}; }

  /// Begins to close the gaps: `keep` follows for each text that is used, by ascending place.
  void begin_pack() { end_ = 0; }
  /// Moves the text to the front; returns its new place.
  std::uint64_t keep(std::uint64_t at, std::size_t size) {
    const std::uint64_t to = end_;
    if (size != 0) std::memmove(bytes_.data + to, bytes_.data + at, size);
    end_ += size;
    return to;
  }

 private:
  View<char> bytes_;
  std::uint64_t end_ = 0;
  std::size_t used_ = 0;
};

}  // namespace asterism::knowledge::detail
