// utf8proc.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include <utf8proc.h>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/knowledge/fold.hpp"

namespace asterism::knowledge {

namespace detail {

ASTERISM_INLINE bool is_space(utf8proc_int32_t c) {
  if (c <= 0x20) return c == 0x20 || (c >= 0x09 && c <= 0x0D);
  const utf8proc_category_t category = utf8proc_category(c);
  return c == 0x85 || (category >= UTF8PROC_CATEGORY_ZS && category <= UTF8PROC_CATEGORY_ZP);
}

/// The characters of `text`, case and form folded, marks in canonical order. utf8proc's own ordering of marks takes
/// time quadratic in their number.
ASTERISM_INLINE std::vector<utf8proc_int32_t> decomposed(std::string_view text) {
  constexpr auto options = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPAT | UTF8PROC_DECOMPOSE |
                                                          UTF8PROC_CASEFOLD | UTF8PROC_IGNORE);
  std::vector<utf8proc_int32_t> points;
  points.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    utf8proc_int32_t c = 0;
    const utf8proc_ssize_t size =
        utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data() + at),
                         static_cast<utf8proc_ssize_t>(std::min<std::size_t>(text.size() - at, 4)), &c);
    if (size <= 0) {
      throw InvalidArgument(
          concat("text is no UTF-8 at byte ", at, " of ", text.size(), ": '", printable(text.substr(at, 4)), "'"));
    }
    at += static_cast<std::size_t>(size);
    utf8proc_int32_t parts[32];  // the longest decomposition in Unicode has 18
    int boundary = 0;
    const utf8proc_ssize_t count = utf8proc_decompose_char(c, parts, 32, options, &boundary);
    if (count < 0 || count > 32) throw InvalidArgument(concat("text can't be folded: ", utf8proc_errmsg(count)));
    points.insert(points.end(), parts, parts + count);
  }
  const auto mark = [](utf8proc_int32_t c) { return utf8proc_get_property(c)->combining_class; };
  for (auto begin = points.begin(); begin != points.end(); ++begin) {
    if (mark(*begin) == 0) continue;
    const auto end = std::find_if(begin, points.end(), [&](utf8proc_int32_t c) { return mark(c) == 0; });
    std::stable_sort(begin, end, [&](utf8proc_int32_t a, utf8proc_int32_t b) { return mark(a) < mark(b); });
    begin = end - 1;
  }
  return points;
}

}  // namespace detail

ASTERISM_INLINE std::string folded(std::string_view text) {
  std::vector<utf8proc_int32_t> points = detail::decomposed(text);
  constexpr auto options = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE);
  points.resize(static_cast<std::size_t>(
      utf8proc_normalize_utf32(points.data(), static_cast<utf8proc_ssize_t>(points.size()), options)));
  std::string out;
  out.reserve(text.size());
  bool space = false;
  for (const utf8proc_int32_t c : points) {
    if (detail::is_space(c)) {
      space = !out.empty();
      continue;
    }
    if (space) out += ' ';
    space = false;
    utf8proc_uint8_t bytes[4];
    out.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(utf8proc_encode_char(c, bytes)));
  }
  return out;
}

}  // namespace asterism::knowledge
