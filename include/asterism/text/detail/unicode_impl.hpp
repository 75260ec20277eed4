// Bodies of unicode.hpp.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <utf8proc.h>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/text/detail/unicode.hpp"
#include "asterism/text/detail/utf8.hpp"

namespace asterism::text {

ASTERISM_INLINE bool is_white_space(char32_t c) {
  if (c <= 0x20U) return c == 0x20U || (c >= 0x09U && c <= 0x0DU);
  return c == 0x85U || c == 0xA0U || c == 0x1680U || (c >= 0x2000U && c <= 0x200AU) || c == 0x2028U ||
         c == 0x2029U || c == 0x202FU || c == 0x205FU || c == 0x3000U;
}

ASTERISM_INLINE bool is_numeric(char32_t c) {
  const utf8proc_category_t category = utf8proc_category(static_cast<utf8proc_int32_t>(c));
  return category >= UTF8PROC_CATEGORY_ND && category <= UTF8PROC_CATEGORY_NO;
}

ASTERISM_INLINE bool is_punctuation(char32_t c) {
  if (c < 0x80U) {
    return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') || (c >= '{' && c <= '~');
  }
  const utf8proc_category_t category = utf8proc_category(static_cast<utf8proc_int32_t>(c));
  return category >= UTF8PROC_CATEGORY_PC && category <= UTF8PROC_CATEGORY_PO;
}

ASTERISM_INLINE bool is_word(char32_t c) {
  if (c == 0x200CU || c == 0x200DU) return true;  // Join_Control
  // The only Other_Alphabetic characters that are no marks: circled and squared Latin letters, of category So.
  if ((c >= 0x24B6U && c <= 0x24E9U) || (c >= 0x1F130U && c <= 0x1F149U) || (c >= 0x1F150U && c <= 0x1F169U) ||
      (c >= 0x1F170U && c <= 0x1F189U)) {
    return true;
  }
  const utf8proc_category_t category = utf8proc_category(static_cast<utf8proc_int32_t>(c));
  return (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_NL) ||
         category == UTF8PROC_CATEGORY_PC;
}

ASTERISM_INLINE bool is_control(char32_t c) {
  if (c == '\t' || c == '\n' || c == '\r') return false;
  const utf8proc_category_t category = utf8proc_category(static_cast<utf8proc_int32_t>(c));
  return category == UTF8PROC_CATEGORY_CC || category == UTF8PROC_CATEGORY_CF || category == UTF8PROC_CATEGORY_CO;
}

ASTERISM_INLINE bool is_nonspacing_mark(char32_t c) {
  return utf8proc_category(static_cast<utf8proc_int32_t>(c)) == UTF8PROC_CATEGORY_MN;
}

ASTERISM_INLINE bool is_bert_ideograph(char32_t c) {
  return (c >= 0x3400U && c <= 0x4DBFU) || (c >= 0x4E00U && c <= 0x9FFFU) || (c >= 0xF900U && c <= 0xFAFFU) ||
         (c >= 0x20000U && c <= 0x2A6DFU) || (c >= 0x2A700U && c <= 0x2B81FU) ||
         (c >= 0x2B920U && c <= 0x2CEAFU) || (c >= 0x2F800U && c <= 0x2FA1FU);
}

ASTERISM_INLINE void append_lower_case(std::string& out, char32_t c) {
  append_code_point(out, static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c))));
  if (c == 0x130U) append_code_point(out, 0x307U);  // the only one that becomes two characters
}

namespace detail {

ASTERISM_INLINE utf8proc_option_t decompose_options(NormalForm form) {
  const bool compatible = form == NormalForm::nfkc || form == NormalForm::nfkd;
  const auto options = static_cast<unsigned>(UTF8PROC_STABLE) | static_cast<unsigned>(UTF8PROC_DECOMPOSE) |
                       (compatible ? static_cast<unsigned>(UTF8PROC_COMPAT) : 0U);
  return static_cast<utf8proc_option_t>(options);
}

ASTERISM_INLINE auto combining_class(utf8proc_int32_t c) { return utf8proc_get_property(c)->combining_class; }

/// Sorts each run of combining marks by class, stably. utf8proc's own ordering takes time quadratic in the run.
ASTERISM_INLINE void order_marks(std::vector<utf8proc_int32_t>& text) {
  for (std::size_t begin = 0; begin < text.size(); ++begin) {
    if (combining_class(text[begin]) == 0) continue;
    std::size_t end = begin + 1;
    while (end < text.size() && combining_class(text[end]) != 0) ++end;
    if (end - begin == 1) continue;
    // Counting sort by class, which is a byte.
    const std::vector<utf8proc_int32_t> marks(text.begin() + static_cast<std::ptrdiff_t>(begin),
                                              text.begin() + static_cast<std::ptrdiff_t>(end));
    std::array<std::size_t, 257> place = {begin};
    for (const auto mark : marks) ++place[combining_class(mark) + 1U];
    for (std::size_t c = 1; c < place.size(); ++c) place[c] += place[c - 1];
    for (const auto mark : marks) text[place[combining_class(mark)]++] = mark;
    begin = end;
  }
}

}  // namespace detail

ASTERISM_INLINE std::string normalize(std::string_view text, NormalForm form) {
  bool ascii = true;
  for (const char c : text) ascii = ascii && static_cast<unsigned char>(c) < 0x80U;
  if (ascii) return std::string(text);

  std::vector<utf8proc_int32_t> points;
  points.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint c = code_point_at(text, at);
    at += c.size;
    utf8proc_int32_t parts[32];  // the longest decomposition in Unicode has 18
    int boundary = 0;
    const utf8proc_ssize_t count = utf8proc_decompose_char(static_cast<utf8proc_int32_t>(c.value), parts, 32,
                                                           detail::decompose_options(form), &boundary);
    if (count < 0 || count > 32) {
      throw InvalidArgument(concat("text can't be normalised: ", utf8proc_errmsg(count)));
    }
    points.insert(points.end(), parts, parts + count);
  }
  detail::order_marks(points);
  if (form == NormalForm::nfc || form == NormalForm::nfkc) {
    const auto options = static_cast<utf8proc_option_t>(static_cast<unsigned>(UTF8PROC_STABLE) |
                                                        static_cast<unsigned>(UTF8PROC_COMPOSE));
    const auto length = static_cast<utf8proc_ssize_t>(points.size());
    points.resize(static_cast<std::size_t>(utf8proc_normalize_utf32(points.data(), length, options)));
  }
  std::string out;
  out.reserve(text.size());
  for (const utf8proc_int32_t c : points) append_code_point(out, static_cast<char32_t>(c));
  return out;
}

}  // namespace asterism::text
