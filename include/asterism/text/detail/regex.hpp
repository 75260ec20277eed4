// Regular expressions of tokenizers, matched by PCRE2 with bounded effort, so that no pattern can run forever.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "asterism/core/config.hpp"

namespace asterism::text {

/// A compiled pattern. Immutable, cheap to copy; const members may be called from several threads.
class Regex {
 public:
  /// `pattern` in Oniguruma's syntax, as in tokenizer.json. `where` names its origin in messages. Unsupported for
  /// what `to_pcre2` refuses, FormatError if it is not a regex or too large.
  Regex(std::string_view pattern, std::string_view where);

  /// Calls `on_match(begin, end)` for each match from left to right, byte offsets into `text`, which must be valid
  /// UTF-8. An empty match directly after another match does not count. Unsupported if matching takes more steps
  /// than any sensible pattern needs. Allocates.
  void for_each_match(std::string_view text, const std::function<void(std::size_t, std::size_t)>& on_match) const;

  const std::string& pattern() const { return pattern_; }

 private:
  struct Code;  // the pattern as compiled by PCRE2

  std::string pattern_;
  std::string where_;
  std::shared_ptr<const Code> code_;
};

}  // namespace asterism::text

#if !defined(ASTERISM_COMPILED)
#include "asterism/text/detail/regex_impl.hpp"
#endif
