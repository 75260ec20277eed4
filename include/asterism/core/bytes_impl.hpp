// Bodies of bytes.hpp.
#pragma once

#include <charconv>
#include <cstddef>
#include <system_error>

#include "asterism/core/bytes.hpp"

namespace asterism {

namespace detail {

ASTERISM_INLINE void refuse_product(std::uint64_t a, std::uint64_t b) {
  throw InvalidArgument(concat(a, " times ", b, " bytes or elements are more than 64 bits count"));
}
ASTERISM_INLINE void refuse_sum(std::uint64_t a, std::uint64_t b) {
  throw InvalidArgument(concat(a, " and ", b, " bytes are more than 64 bits count"));
}

}  // namespace detail

ASTERISM_INLINE std::string to_string(Bytes bytes) {
  const auto n = static_cast<double>(bytes.count);
  if (bytes >= 1_GiB) return fixed(n / static_cast<double>((1_GiB).count), 2) + " GiB";
  if (bytes >= 1_MiB) return fixed(n / static_cast<double>((1_MiB).count), 1) + " MiB";
  if (bytes >= 1_KiB) return fixed(n / static_cast<double>((1_KiB).count), 1) + " KiB";
  return concat(bytes.count, " B");
}

ASTERISM_INLINE Bytes parse_bytes(std::string_view text) {
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
