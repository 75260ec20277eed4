// Bodies of regex.hpp.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

#include "asterism/text/detail/regex.hpp"

#ifndef PCRE2_CODE_UNIT_WIDTH
#define PCRE2_CODE_UNIT_WIDTH 8
#endif
#include <pcre2.h>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/text/detail/regex_dialect.hpp"

namespace asterism::text {

namespace detail {

struct FreePcre2 {
  void operator()(pcre2_code_8* p) const { pcre2_code_free_8(p); }
  void operator()(pcre2_match_data_8* p) const { pcre2_match_data_free_8(p); }
  void operator()(pcre2_match_context_8* p) const { pcre2_match_context_free_8(p); }
  void operator()(pcre2_compile_context_8* p) const { pcre2_compile_context_free_8(p); }
};

ASTERISM_INLINE std::string pcre2_message(int code) {
  PCRE2_UCHAR8 buffer[256] = {};
  pcre2_get_error_message_8(code, buffer, sizeof buffer);
  return std::string(reinterpret_cast<const char*>(buffer));
}

}  // namespace detail

struct Regex::Code {
  std::unique_ptr<pcre2_code_8, detail::FreePcre2> pcre2;
};

ASTERISM_INLINE Regex::Regex(std::string_view pattern, std::string_view where) : pattern_(pattern), where_(where) {
  constexpr std::size_t max_pattern = 1U << 16U;
  const std::string translated = to_pcre2(pattern, where);
  const std::unique_ptr<pcre2_compile_context_8, detail::FreePcre2> context(
      pcre2_compile_context_create_8(nullptr));
  if (context == nullptr) throw Error(concat(where_, ": no memory to compile a regex"));
  pcre2_set_newline_8(context.get(), PCRE2_NEWLINE_LF);
  pcre2_set_max_pattern_length_8(context.get(), max_pattern);
  int code = 0;
  PCRE2_SIZE offset = 0;
  pcre2_code_8* compiled =
      pcre2_compile_8(reinterpret_cast<PCRE2_SPTR8>(translated.data()), translated.size(),
                      PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C, &code, &offset, context.get());
  if (compiled == nullptr) {
    throw FormatError(
        concat(where_, ": '", pattern.substr(0, 300), "' is no regex: ", detail::pcre2_message(code)));
  }
  code_ = std::make_shared<const Code>(Code{std::unique_ptr<pcre2_code_8, detail::FreePcre2>(compiled)});
}

ASTERISM_INLINE void Regex::for_each_match(std::string_view text,
                                           const std::function<void(std::size_t, std::size_t)>& on_match) const {
  if (text.empty()) return;
  const std::unique_ptr<pcre2_match_data_8, detail::FreePcre2> data(pcre2_match_data_create_8(1, nullptr));
  const std::unique_ptr<pcre2_match_context_8, detail::FreePcre2> context(pcre2_match_context_create_8(nullptr));
  if (data == nullptr || context == nullptr) throw Error(concat(where_, ": no memory to match a regex"));
  // Steps from one starting point: backtracking out of a long run takes one or two for each byte of it.
  const std::size_t steps = 100'000 + 8 * std::min(text.size(), std::size_t{1} << 28U);
  pcre2_set_match_limit_8(context.get(), static_cast<std::uint32_t>(std::min<std::size_t>(steps, 0xFFFFFFFFU)));
  pcre2_set_heap_limit_8(context.get(), 256U * 1024U);  // KiB
  const auto* subject = reinterpret_cast<PCRE2_SPTR8>(text.data());
  std::size_t from = 0;
  std::size_t last_end = std::numeric_limits<std::size_t>::max();
  while (from <= text.size()) {
    const int count = pcre2_match_8(code_->pcre2.get(), subject, text.size(), from, PCRE2_NO_UTF_CHECK, data.get(),
                                    context.get());
    if (count == PCRE2_ERROR_NOMATCH) return;
    if (count < 0) {
      throw Unsupported(concat(where_, ": the regex '", std::string_view(pattern_).substr(0, 300),
                               "' can't be matched against this text of ", text.size(),
                               " bytes: ", detail::pcre2_message(count)));
    }
    const PCRE2_SIZE* place = pcre2_get_ovector_pointer_8(data.get());
    const std::size_t begin = place[0];
    const std::size_t end = place[1];
    if (begin == end && end == last_end) {
      ++from;
      while (from < text.size() && (static_cast<unsigned char>(text[from]) & 0xC0U) == 0x80U) ++from;
      continue;
    }
    on_match(begin, end);
    from = last_end = end;
  }
}

}  // namespace asterism::text
