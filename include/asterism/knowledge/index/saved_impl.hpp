// Bodies of saved.hpp.
#pragma once

#include <algorithm>
#include <array>
#include <vector>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/file/crc32c.hpp"
#include "asterism/knowledge/index/saved.hpp"

namespace asterism::index {

ASTERISM_INLINE std::string_view name_of(Restored restored) {
  constexpr std::array<std::string_view, 6> names = {"taken",         "absent",        "damaged",
                                                     "other version", "other options", "other rows"};
  return names[static_cast<std::size_t>(restored)];
}

namespace detail {

ASTERISM_INLINE SavedWriter::SavedWriter(const std::string& path, std::uint64_t bytes) : file_(path, bytes) {
  write({reinterpret_cast<const std::byte*>(saved_mark.data()), saved_mark.size()});
  number(saved_version);
}

ASTERISM_INLINE void SavedWriter::write(View<const std::byte> bytes) {
  sum_ = file::crc32c(bytes, sum_);
  file_.write(bytes);
}

ASTERISM_INLINE void SavedWriter::number(std::uint64_t value) {
  std::array<std::byte, 8> bytes;
  for (std::size_t i = 0; i < 8; ++i) bytes[i] = static_cast<std::byte>(value >> 8 * i & 0xFFU);
  write(View<const std::byte>(bytes));
}

ASTERISM_INLINE void SavedWriter::text(std::string_view value) {
  number(value.size());
  write({reinterpret_cast<const std::byte*>(value.data()), value.size()});
}

ASTERISM_INLINE void SavedWriter::finish() {
  number(sum_);
  file_.finish();
}

ASTERISM_INLINE SavedReader::SavedReader(const std::string& path) {
  try {
    file_.emplace(path);
  } catch (const Error&) {
    found_ = Restored::absent;
    return;
  }
  try {
    found_ = check();
  } catch (const Error&) {  // can't be read, or has become shorter
    found_ = Restored::damaged;
  }
}

ASTERISM_INLINE Restored SavedReader::check() {
  end_ = file_->size();
  std::string mark(saved_mark.size(), ' ');
  if (left() < mark.size() + 16) return Restored::damaged;
  read({reinterpret_cast<std::byte*>(mark.data()), mark.size()});
  if (mark != saved_mark) return Restored::damaged;
  if (number() != saved_version) return Restored::other_version;
  const std::uint64_t begin = at_;
  end_ -= 8;
  std::vector<std::byte> piece(std::size_t{1} << 20U);
  std::uint32_t sum = 0;
  for (at_ = 0; at_ < end_;) {
    const View<std::byte> some(piece.data(), std::min<std::size_t>(piece.size(), left()));
    read(some);
    sum = file::crc32c(some, sum);
  }
  end_ += 8;
  if (number() != sum) return Restored::damaged;
  end_ -= 8;
  at_ = begin;
  return Restored::taken;
}

ASTERISM_INLINE void SavedReader::read(View<std::byte> out) {
  if (out.size > left()) {
    throw FormatError(
        concat(file_->path(), ": ", out.size, " bytes wanted at byte ", at_, ", ", left(), " are left"));
  }
  file_->read(at_, out);
  at_ += out.size;
}

ASTERISM_INLINE std::uint64_t SavedReader::number() {
  std::array<std::byte, 8> bytes;
  read(bytes);
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < 8; ++i) value |= std::to_integer<std::uint64_t>(bytes[i]) << 8 * i;
  return value;
}

ASTERISM_INLINE std::string SavedReader::text() {
  const std::uint64_t size = number();
  if (size > left())
    throw FormatError(concat(file_->path(), ": a text of ", size, " bytes, ", left(), " are left"));
  std::string value(size, ' ');
  read({reinterpret_cast<std::byte*>(value.data()), value.size()});
  return value;
}

}  // namespace detail
}  // namespace asterism::index
