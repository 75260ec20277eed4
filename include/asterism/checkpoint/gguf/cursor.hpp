// Reads the fields of a GGUF file one after the other.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/file/input_file.hpp"

namespace asterism::checkpoint::detail {

/// A place in the bytes of a GGUF file, which move through a small buffer. Errors name the file, the byte and what was
/// read. Borrows `where`.
class GgufCursor {
 public:
  GgufCursor(file::StoredBytes file, std::string_view where, std::uint64_t position = 0)
      : file_(file), where_(where), position_(position) {}

  std::uint64_t position() const { return position_; }
  std::uint64_t left() const { return file_.size() - position_; }

  /// Names what is read next in messages: "tensor 3", and its own name as soon as that is known.
  void enter(std::string_view kind, std::uint64_t number);
  void name(std::string_view text) { name_ = text; }

  /// A little-endian number. `what` names the field; FormatError where the file ends before.
  template <class T>
  T number(std::string_view what) {
    static_assert(std::endian::native == std::endian::little);
    T value{};
    std::byte bytes[sizeof(T)];
    read(bytes, sizeof(T), what);
    std::memcpy(&value, bytes, sizeof(T));
    return value;
  }

  /// A string of at most `most` bytes.
  std::string text(std::uint64_t most, std::string_view what);

  /// Passes over `count` bytes.
  void skip(std::uint64_t count, std::string_view what);

  /// Passes over `count` strings, or numbers of `size` bytes.
  void skip_strings(std::uint64_t count, std::string_view what);
  void skip_numbers(std::uint64_t count, std::uint64_t size, std::string_view what);

  /// Bytes [begin, begin + out.size) once more, all of them before position().
  void reread(std::uint64_t begin, View<std::byte> out) const { file_.read(begin, out); }

  /// FormatError "FILE: byte 123, tensor 3 'NAME': " and `what`.
  [[noreturn]] void fail(std::string_view what) const;
  /// "FILE: byte 123, tensor 3 'NAME'".
  std::string place() const;

 private:
  void read(std::byte* out, std::size_t count, std::string_view what);
  void need(std::uint64_t count, std::string_view what) const;

  file::StoredBytes file_;
  std::string_view where_;
  std::uint64_t position_ = 0;
  std::string_view kind_;
  std::uint64_t number_ = 0;
  std::string name_;
  std::array<std::byte, 4096> buffer_{};
  std::uint64_t buffer_begin_ = 0;
  std::uint64_t buffer_size_ = 0;
};

}  // namespace asterism::checkpoint::detail

#if !defined(ASTERISM_COMPILED)
#include "asterism/checkpoint/gguf/cursor_impl.hpp"
#endif
