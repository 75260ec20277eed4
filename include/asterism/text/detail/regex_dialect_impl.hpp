// Bodies of regex_dialect.hpp.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/text/detail/regex_dialect.hpp"

namespace asterism::text {

namespace detail {

class RegexTranslator {
 public:
  RegexTranslator(std::string_view pattern, std::string_view where) : pattern_(pattern), where_(where) {}

  std::string run() {
    while (at_ < pattern_.size()) {
      const char c = pattern_[at_];
      if (c == '\\') {
        escape(false);
      } else if (c == '[') {
        character_class();
      } else if (c == '(') {
        open_group();
      } else if (c == ')') {
        if (caseless_.size() > 1) caseless_.pop_back();
        copy(1);
      } else if (c == '{') {
        interval();
      } else if (c == '^' || c == '$') {
        refuse("the line anchors ^ and $");
      } else {
        literal(c);
      }
    }
    return std::move(out_);
  }

 private:
  [[noreturn]] void refuse(std::string_view what) const {
    throw Unsupported(
        concat(where_, ": the regex '", pattern_.substr(0, 300), "' uses ", what, " at byte ", at_,
               "; supported: literals, ., classes, \\p{..} with a general category, \\s \\S \\d \\D ",
               "\\r \\n \\t, groups, (?i:..), look-around, and the quantifiers * + ? {m,n}"));
  }
  bool ahead(std::string_view text) const { return pattern_.substr(at_).starts_with(text); }
  char peek(std::size_t offset) const { return at_ + offset < pattern_.size() ? pattern_[at_ + offset] : '\0'; }
  static bool is_digit(char c) { return c >= '0' && c <= '9'; }
  static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

  void copy(std::size_t count) {
    out_ += pattern_.substr(at_, count);
    at_ += count;
    previous_ = '\0';
  }

  void literal(char c) {
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    // Case-insensitive Oniguruma also matches sequences such as ss with one character; PCRE2 does not.
    const bool folds = (previous_ == 's' && (lower == 's' || lower == 't')) ||
                       (previous_ == 'f' && (lower == 'f' || lower == 'i' || lower == 'l'));
    if (caseless_.back() && folds) refuse("a caseless ff, fi, fl, ss or st");
    out_ += c;
    ++at_;
    previous_ = lower;
  }

  void open_group() {
    bool caseless = caseless_.back();
    if (peek(1) == '?') {
      if (ahead("(?i)")) {
        if (at_ != 0) refuse("(?i) elsewhere than at the beginning");
        caseless_.back() = true;
        return copy(4);
      }
      static constexpr std::string_view known[] = {"(?:", "(?=", "(?!", "(?<=", "(?<!", "(?>", "(?i:", "(?-i:"};
      for (const std::string_view opening : known) {
        if (!ahead(opening)) continue;
        if (opening == "(?i:") caseless = true;
        if (opening == "(?-i:") caseless = false;
        caseless_.push_back(caseless);
        return copy(opening.size());
      }
      refuse("a group of an unknown kind");
    }
    if (peek(1) == '*') refuse("a verb");
    caseless_.push_back(caseless);
    copy(1);
  }

  /// {m}, {m,} or {m,n}. Oniguruma reads {,n} as {0,n}, {m}? as an optional {m} and {m,n}+ as a repeated {m,n}.
  void interval() {
    std::size_t end = 1;
    std::size_t digits = 0;
    while (is_digit(peek(end))) ++end, ++digits;
    bool ranged = false;
    if (digits > 0 && peek(end) == ',') {
      ranged = true;
      ++end;
      while (is_digit(peek(end))) ++end;
    }
    if (digits == 0 || peek(end) != '}') refuse("a { that opens no {m}, {m,} or {m,n}");
    const char behind = peek(end + 1);
    if (behind == '+' || (behind == '?' && !ranged)) refuse("a possessive or lazy interval");
    copy(end + 1);
  }

  void character_class() {
    copy(1);
    if (peek(0) == '^') copy(1);
    if (peek(0) == ']') refuse("an empty class");
    while (at_ < pattern_.size() && pattern_[at_] != ']') {
      if (pattern_[at_] == '[') refuse("a class inside a class");
      if (ahead("&&")) refuse("an intersection of classes");
      if (pattern_[at_] == '\\') {
        escape(true);
      } else {
        copy(1);
      }
    }
    if (at_ == pattern_.size()) refuse("a class without an end");
    copy(1);
  }

  void escape(bool in_class) {
    // White_Space by hand: PCRE2's own \s also contains U+180E.
    static constexpr std::string_view spaces =
        "\\x{9}-\\x{D}\\x{20}\\x{85}\\x{A0}\\x{1680}\\x{2000}-\\x{200A}\\x{2028}\\x{2029}\\x{202F}\\x{205F}\\x{"
        "3000}";
    const char c = peek(1);
    if (c == 's' || (c == 'S' && !in_class)) {
      out_ += in_class ? concat(spaces) : concat(c == 's' ? "[" : "[^", spaces, "]");
      at_ += 2;
      previous_ = '\0';
    } else if (c == 'd' || c == 'D') {
      out_ += c == 'd' ? "\\p{Nd}" : "\\P{Nd}";
      at_ += 2;
      previous_ = '\0';
    } else if (c == 'p' || c == 'P') {
      property();
    } else if (c == 'u' || c == 'x') {
      code_point();
    } else if (c != 'r' && c != 'n' && c != 't' && (c == '\0' || is_letter(c) || is_digit(c))) {
      refuse(in_class && c == 'S' ? "\\S inside a class" : concat("the escape \\", std::string_view(&c, 1)));
    } else if (static_cast<unsigned char>(c) >= 0x80U) {
      ++at_;  // a backslash before a non-ASCII letter has no meaning
    } else {
      copy(2);
    }
  }

  void property() {
    static constexpr std::string_view categories[] = {
        "L",  "Lu", "Ll", "Lt", "Lm", "Lo", "M", "Mn", "Mc", "Me", "N",  "Nd", "Nl", "No", "P", "Pc",
        "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "S", "Sm", "Sc", "Sk", "So", "Z",  "Zs", "Zl", "Zp"};
    const std::size_t end = pattern_.find('}', at_);
    if (peek(2) != '{' || end == std::string_view::npos) refuse("a property without braces");
    const std::string_view name = pattern_.substr(at_ + 3, end - at_ - 3);
    for (const std::string_view category : categories) {
      if (name != category) continue;
      if (caseless_.back() && (name == "Lu" || name == "Ll" || name == "Lt"))
        refuse("a caseless property of case");
      return copy(end + 1 - at_);
    }
    refuse(concat("the property '", name.substr(0, 40), "'"));
  }

  /// \uHHHH or \x{H..}; Oniguruma's \xHH is a byte, not a character.
  void code_point() {
    const bool braces = peek(1) == 'x';
    const std::size_t begin = at_ + (braces ? 3 : 2);
    const std::size_t end = braces ? pattern_.find('}', at_) : begin + 4;
    if ((braces && peek(2) != '{') || end > pattern_.size() || end == begin || end - begin > 6) {
      refuse("a character by number that is neither \\uHHHH nor \\x{H..}");
    }
    const std::string_view digits = pattern_.substr(begin, end - begin);
    if (digits.find_first_not_of("0123456789abcdefABCDEF") != std::string_view::npos) {
      refuse("a character by number with other than hexadecimal digits");
    }
    out_ += concat("\\x{", digits, "}");
    at_ = end + (braces ? 1 : 0);
    previous_ = '\0';
  }

  std::string_view pattern_;
  std::string_view where_;
  std::size_t at_ = 0;
  std::string out_;
  std::vector<bool> caseless_{false};
  char previous_ = '\0';
};

}  // namespace detail

ASTERISM_INLINE std::string to_pcre2(std::string_view pattern, std::string_view where) {
  return detail::RegexTranslator(pattern, where).run();
}

}  // namespace asterism::text
