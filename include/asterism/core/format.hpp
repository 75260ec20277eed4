// Text formatting for messages and aligned tables without <format>, which g++ 12 lacks, and without <iostream>,
// which costs every includer a quarter of a second of compile time.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "asterism/core/config.hpp"

namespace asterism {

namespace detail {

/// The characters of a formatted number.
struct NumberText {
  char characters[40];
  std::size_t size = 0;

  // NOLINTNEXTLINE(google-explicit-constructor): it is a text as good as any
  operator std::string_view() const { return {characters, size}; }
};

// What `concat` calls is compiled once and never inlined: it has many callers, most of them error messages.

NumberText number_text(std::int64_t value);
NumberText number_text(std::uint64_t value);
NumberText number_text(float value);
NumberText number_text(double value);
std::string join(std::initializer_list<std::string_view> parts);

inline std::string_view text_of(std::string_view text) { return text; }
inline std::string_view text_of(const char& c) { return {&c, 1}; }

template <std::integral T>
auto text_of(T value) {
  if constexpr (std::same_as<T, bool>) {
    return std::string_view(value ? "true" : "false");
  } else if constexpr (std::signed_integral<T>) {
    return number_text(std::int64_t{value});
  } else {
    return number_text(std::uint64_t{value});
  }
}

template <std::floating_point T>
NumberText text_of(T value) {
  return number_text(value);
}

}  // namespace detail

/// Concatenates the arguments; numbers in the shortest form that reads back exactly.
template <class... Parts>
std::string concat(const Parts&... parts) {
  return detail::join({detail::text_of(parts)...});
}

/// `value` with `digits` digits after the point, 0 <= digits <= 20.
std::string fixed(double value, int digits);

/// Terminal columns of UTF-8 text: one for each code point.
std::size_t columns(std::string_view text);

/// `text`, padded on the right with blanks to `width` columns.
std::string pad_right(std::string_view text, std::size_t width);

/// `text`, padded on the left with blanks to `width` columns.
std::string pad_left(std::string_view text, std::size_t width);

/// Text from a file made safe for a message: control characters escaped, at most `limit` bytes of it.
std::string printable(std::string_view text, std::size_t limit = 160);

/// A bar of `width` columns, filled to `share` (0 to 1, clamped) in eighths of a column.
std::string bar(double share, std::size_t width);

}  // namespace asterism

#if !defined(ASTERISM_COMPILED)
#include "asterism/core/format_impl.hpp"
#endif
