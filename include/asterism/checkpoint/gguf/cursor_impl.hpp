// Bodies of cursor.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "asterism/checkpoint/gguf/cursor.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"

namespace asterism::checkpoint::detail {

ASTERISM_INLINE void GgufCursor::enter(std::string_view kind, std::uint64_t number) {
  kind_ = kind;
  number_ = number;
  name_.clear();
}

ASTERISM_INLINE std::string GgufCursor::place() const {
  std::string out = concat(where_, ": byte ", position_);
  if (!kind_.empty()) out += concat(", ", kind_, " ", number_);
  if (!name_.empty()) out += concat(" '", printable(name_), "'");
  return out;
}

ASTERISM_INLINE void GgufCursor::fail(std::string_view what) const {
  throw FormatError(concat(place(), ": ", what));
}

ASTERISM_INLINE void GgufCursor::need(std::uint64_t count, std::string_view what) const {
  if (count <= left()) return;
  fail(concat(what, " takes ", count, " bytes, but the file ends ", left(),
              " bytes from here: it is truncated; copy or download it again"));
}

ASTERISM_INLINE void GgufCursor::read(std::byte* out, std::size_t count, std::string_view what) {
  need(count, what);
  while (count > 0) {
    if (position_ < buffer_begin_ || position_ >= buffer_begin_ + buffer_size_) {
      buffer_begin_ = position_;
      buffer_size_ = std::min<std::uint64_t>(buffer_.size(), left());
      file_.read(position_, {buffer_.data(), static_cast<std::size_t>(buffer_size_)});
    }
    const auto inside = static_cast<std::size_t>(position_ - buffer_begin_);
    const std::size_t n = std::min(count, static_cast<std::size_t>(buffer_size_) - inside);
    std::memcpy(out, buffer_.data() + inside, n);
    out += n;
    count -= n;
    position_ += n;
  }
}

ASTERISM_INLINE std::string GgufCursor::text(std::uint64_t most, std::string_view what) {
  const auto size = number<std::uint64_t>(concat("the length of ", what));
  if (size > most) fail(concat(what, " has ", size, " bytes, expected at most ", most));
  need(size, what);
  std::string out(static_cast<std::size_t>(size), '\0');
  read(reinterpret_cast<std::byte*>(out.data()), out.size(), what);
  return out;
}

ASTERISM_INLINE void GgufCursor::skip(std::uint64_t count, std::string_view what) {
  need(count, what);
  position_ += count;
}

ASTERISM_INLINE void GgufCursor::skip_strings(std::uint64_t count, std::string_view what) {
  if (count > left() / sizeof(std::uint64_t)) skip_numbers(count, sizeof(std::uint64_t), what);  // throws
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto size = number<std::uint64_t>("the length of a string");
    if (size > left())
      fail(concat(what, ": string ", i, " has ", size, " bytes, but the file ends ", left(),
                  " bytes from here: it is truncated; copy or download it again"));
    position_ += size;
  }
}

ASTERISM_INLINE void GgufCursor::skip_numbers(std::uint64_t count, std::uint64_t size, std::string_view what) {
  if (count > left() / size) {
    fail(concat(what, " has ", count, " items of at least ", size, " bytes, but the file ends ", left(),
                " bytes from here: it is truncated or no GGUF file; copy or download it again"));
  }
  position_ += count * size;
}

}  // namespace asterism::checkpoint::detail
