// Memory sizes as a type of their own, so that a count of elements can't pass for a count of bytes.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "asterism/core/config.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"

namespace asterism {

namespace detail {
[[noreturn]] void refuse_product(std::uint64_t a, std::uint64_t b);
[[noreturn]] void refuse_sum(std::uint64_t a, std::uint64_t b);
}  // namespace detail

/// a * b. Throws InvalidArgument if it overflows 64 bits: sizes may come from an untrusted file.
constexpr std::uint64_t checked_product(std::uint64_t a, std::uint64_t b) {
  if (b != 0 && a > ~std::uint64_t{0} / b) detail::refuse_product(a, b);
  return a * b;
}

/// a + b. Throws InvalidArgument if it overflows 64 bits.
constexpr std::uint64_t checked_sum(std::uint64_t a, std::uint64_t b) {
  if (a > ~std::uint64_t{0} - b) detail::refuse_sum(a, b);
  return a + b;
}

/// A number of bytes. Sums and products that overflow 64 bits throw InvalidArgument. A structural type, so it can
/// be a template argument: `fits<B, machine, 14_GiB>()`.
struct Bytes {
  std::uint64_t count = 0;

  friend constexpr bool operator==(Bytes, Bytes) = default;
  friend constexpr auto operator<=>(Bytes, Bytes) = default;  // NOLINT(modernize-use-nullptr): a false alarm
  constexpr Bytes& operator+=(Bytes other) { return count = checked_sum(count, other.count), *this; }
  constexpr Bytes& operator-=(Bytes other) { return count -= other.count, *this; }
  friend constexpr Bytes operator+(Bytes a, Bytes b) { return {checked_sum(a.count, b.count)}; }
  friend constexpr Bytes operator-(Bytes a, Bytes b) { return {a.count - b.count}; }
  friend constexpr Bytes operator*(Bytes a, std::uint64_t n) { return {checked_product(a.count, n)}; }
};

inline namespace literals {
constexpr Bytes operator""_B(unsigned long long n) { return {n}; }
constexpr Bytes operator""_KiB(unsigned long long n) { return {n << 10U}; }
constexpr Bytes operator""_MiB(unsigned long long n) { return {n << 20U}; }
constexpr Bytes operator""_GiB(unsigned long long n) { return {n << 30U}; }
constexpr Bytes operator""_MB(unsigned long long n) { return {n * 1'000'000U}; }
constexpr Bytes operator""_GB(unsigned long long n) { return {n * 1'000'000'000U}; }
}  // namespace literals

/// Every buffer and every plane starts at a multiple of this: a cache line, and the widest vector register.
inline constexpr std::uint64_t alignment = 64;

/// `n` rounded up to the next multiple of `alignment`.
constexpr std::uint64_t aligned(std::uint64_t n) { return (n + alignment - 1) / alignment * alignment; }

/// Human-readable: "13.42 GiB", "512.0 MiB", "17 B".
std::string to_string(Bytes bytes);

/// Parses a size as accelerate's `max_memory` does: an integer (bytes), or a number with one of KiB MiB GiB
/// (powers of 1024) or KB MB GB (powers of 1000); units are case-insensitive, except that a final lower-case `b`
/// after K, M or G means bits. Throws InvalidArgument on anything else.
/// Source: accelerate, `convert_file_size_to_int`.
Bytes parse_bytes(std::string_view text);

}  // namespace asterism

#if !defined(ASTERISM_COMPILED)
#include "asterism/core/bytes_impl.hpp"
#endif
