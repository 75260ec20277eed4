// The size model of a stored matrix: the named pieces ("planes") of its bytes, and their offsets.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "asterism/core/bytes.hpp"
#include "asterism/core/config.hpp"
#include "asterism/quant/fwd.hpp"

namespace asterism::quant {

/// One contiguous piece of a stored matrix: codes, scales, and so on.
struct Plane {
  const char* name = "";
  std::uint64_t offset = 0;  ///< from the matrix's first byte, a multiple of `alignment`
  std::uint64_t bytes = 0;   ///< without the padding up to the next plane
  std::uint64_t alignment = asterism::alignment;
};

/// The planes of one matrix, ascending and disjoint. Every byte count of the toolkit comes from here.
struct Planes {
  std::array<Plane, 4> planes{};
  int count = 0;

  /// Appends a plane of `bytes` bytes after the last one.
  constexpr void add(const char* name, std::uint64_t bytes) {
    planes.at(static_cast<std::size_t>(count)) = {name, this->bytes().count, bytes};
    ++count;
  }

  /// Size of the matrix in memory: up to the end of the last plane, rounded up to `alignment`.
  constexpr Bytes bytes() const {
    if (count == 0) return {0};
    const Plane& last = planes[static_cast<std::size_t>(count - 1)];
    return {aligned(last.offset + last.bytes)};
  }

  constexpr const Plane& operator[](int i) const { return planes[static_cast<std::size_t>(i)]; }
  constexpr const Plane* begin() const { return planes.data(); }
  constexpr const Plane* end() const { return planes.data() + count; }

  /// The plane called `name`, or nullptr if the format has none.
  constexpr const Plane* find(std::string_view name) const {
    for (const Plane& plane : *this) {
      if (name == plane.name) return &plane;
    }
    return nullptr;
  }
};

/// Zeroes the bytes of a matrix at `out` that belong to no plane.
void clear_padding(const Planes& layout, std::byte* out);

namespace detail {
[[noreturn]] void refuse_elements(std::uint64_t rows, std::uint64_t cols);
}  // namespace detail

/// rows * cols. Throws InvalidArgument if that many float32 values can't be counted in bytes: sizes may come
/// from an untrusted file.
constexpr std::uint64_t element_count(std::uint64_t rows, std::uint64_t cols) {
  constexpr std::uint64_t most = ~std::uint64_t{0} / 16;
  if (cols != 0 && rows > most / cols) detail::refuse_elements(rows, cols);
  return rows * cols;
}

}  // namespace asterism::quant

#if !defined(ASTERISM_COMPILED)
#include "asterism/quant/planes_impl.hpp"
#endif
