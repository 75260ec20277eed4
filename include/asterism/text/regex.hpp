// Regular expressions of tokenizers, matched by PCRE2 within bounds, so that no pattern can run forever.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <string_view>

#ifndef PCRE2_CODE_UNIT_WIDTH
#define PCRE2_CODE_UNIT_WIDTH 8
#endif
#include <pcre2.h>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/text/regex_dialect.hpp"

namespace asterism::text {

/// A compiled pattern. Immutable, cheap to copy; const members may be called from several threads.
class Regex {
 public:
  /// `pattern` in Oniguruma's syntax, as tokenizer.json has it. `where` names its origin in messages.
  /// Unsupported for what `to_pcre2` refuses, FormatError when it is no regex or too large.
  Regex(std::string_view pattern, std::string_view where) : pattern_(pattern), where_(where) {
    const std::string translated = to_pcre2(pattern, where);
    const std::unique_ptr<pcre2_compile_context_8, Free> context(pcre2_compile_context_create_8(nullptr));
    if (context == nullptr) throw Error(concat(where_, ": no memory to compile a regex"));
    pcre2_set_newline_8(context.get(), PCRE2_NEWLINE_LF);
    pcre2_set_max_pattern_length_8(context.get(), max_pattern);
    int code = 0;
    PCRE2_SIZE offset = 0;
    pcre2_code_8* compiled =
        pcre2_compile_8(reinterpret_cast<PCRE2_SPTR8>(translated.data()), translated.size(),
                        PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C, &code, &offset, context.get());
    if (compiled == nullptr) {
      throw FormatError(concat(where_, ": '", pattern.substr(0, 300), "' is no regex: ", message(code)));
    }
    code_.reset(compiled, Free{});
  }

  /// Calls `on_match(begin, end)` for each match from left to right, byte offsets into `text`, which must be valid
  /// UTF-8. An empty match directly behind another match does not count. Unsupported when matching takes more
  /// steps than any sensible pattern needs. Allocates.
  void for_each_match(std::string_view text, const std::function<void(std::size_t, std::size_t)>& on_match) const {
    if (text.empty()) return;
    const std::unique_ptr<pcre2_match_data_8, Free> data(pcre2_match_data_create_8(1, nullptr));
    const std::unique_ptr<pcre2_match_context_8, Free> context(pcre2_match_context_create_8(nullptr));
    if (data == nullptr || context == nullptr) throw Error(concat(where_, ": no memory to match a regex"));
    // Steps from one starting point: backing out of a long run takes one or two for each byte of it.
    const std::size_t steps = 100'000 + 8 * std::min(text.size(), std::size_t{1} << 28U);
    pcre2_set_match_limit_8(context.get(), static_cast<std::uint32_t>(std::min<std::size_t>(steps, 0xFFFFFFFFU)));
    pcre2_set_heap_limit_8(context.get(), 256U * 1024U);  // KiB
    const auto* subject = reinterpret_cast<PCRE2_SPTR8>(text.data());
    std::size_t from = 0;
    std::size_t last_end = std::numeric_limits<std::size_t>::max();
    while (from <= text.size()) {
      const int count =
          pcre2_match_8(code_.get(), subject, text.size(), from, PCRE2_NO_UTF_CHECK, data.get(), context.get());
      if (count == PCRE2_ERROR_NOMATCH) return;
      if (count < 0) {
        throw Unsupported(concat(where_, ": the regex '", std::string_view(pattern_).substr(0, 300),
                                 "' can't be matched against this text of ", text.size(),
                                 " bytes: ", message(count)));
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

  const std::string& pattern() const { return pattern_; }

 private:
  static constexpr std::size_t max_pattern = 1U << 16U;

  struct Free {
    void operator()(pcre2_code_8* p) const { pcre2_code_free_8(p); }
    void operator()(pcre2_match_data_8* p) const { pcre2_match_data_free_8(p); }
    void operator()(pcre2_match_context_8* p) const { pcre2_match_context_free_8(p); }
    void operator()(pcre2_compile_context_8* p) const { pcre2_compile_context_free_8(p); }
  };

  static std::string message(int code) {
    PCRE2_UCHAR8 buffer[256] = {};
    pcre2_get_error_message_8(code, buffer, sizeof buffer);
    return std::string(reinterpret_cast<const char*>(buffer));
  }

  std::string pattern_;
  std::string where_;
  std::shared_ptr<pcre2_code_8> code_;
};

}  // namespace asterism::text
