// Sizes of memory, as a type of their own, so that a count of elements can't pass for a count of bytes.
#pragma once

#include <charconv>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"

namespace asterism {

/// a * b. Throws InvalidArgument where 64 bits do not hold it: sizes may come from an untrusted file.
constexpr std::uint64_t checked_product(std::uint64_t a, std::uint64_t b) {
  if (b != 0 && a > ~std::uint64_t{0} / b) {
    throw InvalidArgument(concat(a, " times ", b, " bytes or elements are more than 64 bits count"));
  }
  return a * b;
}

/// a + b, likewise.
constexpr std::uint64_t checked_sum(std::uint64_t a, std::uint64_t b) {
  if (a > ~std::uint64_t{0} - b) {
    throw InvalidArgument(concat(a, " and ", b, " bytes are more than 64 bits count"));
  }
  return a + b;
}

/// A number of bytes; sums and products that 64 bits do not hold throw InvalidArgument. Structural, so that it can
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

/// Every buffer and every plane starts on a multiple of this: a cache line, and the widest vector register.
inline constexpr std::uint64_t alignment = 64;

/// `n` rounded up to the next multiple of `alignment`.
constexpr std::uint64_t aligned(std::uint64_t n) { return (n + alignment - 1) / alignment * alignment; }

/// For people: "13.42 GiB", "512.0 MiB", "17 B".
inline std::string to_string(Bytes bytes) {
  const auto n = static_cast<double>(bytes.count);
  if (bytes >= 1_GiB) return fixed(n / static_cast<double>((1_GiB).count), 2) + " GiB";
  if (bytes >= 1_MiB) return fixed(n / static_cast<double>((1_MiB).count), 1) + " MiB";
  if (bytes >= 1_KiB) return fixed(n / static_cast<double>((1_KiB).count), 1) + " KiB";
  return concat(bytes.count, " B");
}

/// A size as accelerate's `max_memory` reads it: an integer (bytes), or a number with one of
/// KiB MiB GiB (powers of 1024) or KB MB GB (powers of 1000); the units in any case, except that a
/// final lower-case `b` after K, M or G means bits. Throws InvalidArgument on anything else.
/// Source: accelerate, `convert_file_size_to_int`.
inline Bytes parse_bytes(std::string_view text) {
  const auto fail = [&]() -> InvalidArgument {
    return InvalidArgument(concat("'", text,
                                  "' is no memory size: expected a number of bytes, or a number with KiB, ",
                                  "MiB, GiB, KB, MB or GB, for example 14GiB"));
  };
  struct Unit {
    std::string_view name;
    double bytes;
  };
  constexpr Unit units[] = {{"kib", 0x1p10}, {"mib", 0x1p20}, {"gib", 0x1p30},
                            {"kb", 1e3},     {"mb", 1e6},     {"gb", 1e9}};
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  const auto ends_with = [&](std::string_view unit) {
    if (text.size() < unit.size()) return false;
    for (std::size_t i = 0; i < unit.size(); ++i) {
      if (lower(text[text.size() - unit.size() + i]) != unit[i]) return false;
    }
    return true;
  };
  for (const Unit& unit : units) {
    if (!ends_with(unit.name)) continue;
    std::string_view digits = text.substr(0, text.size() - unit.name.size());
    while (!digits.empty() && digits.back() == ' ') digits.remove_suffix(1);
    double value = 0;
    const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (failure != std::errc{} || end != digits.data() + digits.size()) throw fail();
    value *= unit.bytes;
    if (!(value >= 0 && value < 0x1p63)) throw fail();
    const auto count = static_cast<std::uint64_t>(value);
    return {unit.name.size() == 2 && text.back() == 'b' ? count / 8 : count};
  }
  std::uint64_t count = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (failure != std::errc{} || end != text.data() + text.size()) throw fail();
  return {count};
}

}  // namespace asterism
