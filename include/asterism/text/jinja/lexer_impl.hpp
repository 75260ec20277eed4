// Bodies of lexer.hpp.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <system_error>
#include <utility>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/text/detail/utf8.hpp"
#include "asterism/text/jinja/lexer.hpp"
#include "asterism/text/jinja/strings.hpp"

namespace asterism::text::jinja {

namespace detail {

/// Line ends as \n, and without the last one.
inline std::string with_plain_lines(std::string_view source) {
  std::string out;
  for (std::size_t i = 0; i < source.size(); ++i) {
    if (source[i] != '\r') {
      out += source[i];
    } else if (i + 1 == source.size() || source[i + 1] != '\n') {
      out += '\n';
    }
  }
  if (out.ends_with('\n')) out.pop_back();
  return out;
}

class Lexer {
 public:
  Lexer(std::string_view source, std::string_view where) : plain_(with_plain_lines(source)), where_(where) {}

  std::vector<Token> run() {
    while (at_ < source_.size()) between_tags();
    push(Token::Kind::end, {});
    return std::move(tokens_);
  }

 private:
  [[noreturn]] void fail(std::string_view what) const {
    throw FormatError(concat(where_, ": line ", line_, " of the chat template: ", what));
  }

  std::string_view left() const { return source_.substr(at_); }
  bool starts(std::string_view what) const { return left().starts_with(what); }
  static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80U;
  }
  static bool is_digit(char c) { return c >= '0' && c <= '9'; }

  void push(Token::Kind kind, std::string text) { tokens_.push_back({kind, line_, std::move(text)}); }

  /// Goes on by `count` bytes, of which it counts the lines.
  void skip(std::size_t count) {
    line_ +=
        static_cast<std::uint32_t>(std::count(source_.begin() + static_cast<std::ptrdiff_t>(at_),
                                              source_.begin() + static_cast<std::ptrdiff_t>(at_ + count), '\n'));
    at_ += count;
  }

  void skip_space() {
    std::size_t count = 0;
    while (at_ + count < source_.size() && is_space(source_, at_ + count))
      count += character_size(source_, at_ + count);
    skip(count);
  }

  /// What stands before a tag with the mark `mark`, as it is written.
  std::string_view trimmed(std::string_view text, char mark, bool is_print) const {
    if (mark == '-') return strip(text, Side::right);
    if (mark == '+' || is_print) return text;
    const std::size_t newline = text.rfind('\n');
    if (newline == std::string_view::npos && !line_starts_) return text;
    const std::size_t begin = newline == std::string_view::npos ? 0 : newline + 1;
    return strip(text.substr(begin)).empty() ? text.substr(0, begin) : text;
  }

  void data(std::string_view text) {
    if (!text.empty()) push(Token::Kind::data, std::string(text));
  }

  /// Skips the end of a tag that begins at `at_`: `close` with a mark before it.
  bool skip_end(std::string_view close, bool has_plus, bool trims_newline) {
    const std::size_t begin = at_;
    if (left().size() > close.size() && left()[0] == '-' && left().substr(1).starts_with(close)) {
      skip(1 + close.size());
      skip_space();
    } else if (has_plus && left().size() > close.size() && left()[0] == '+' &&
               left().substr(1).starts_with(close)) {
      skip(1 + close.size());
    } else if (starts(close)) {
      skip(close.size());
      if (trims_newline && starts("\n")) skip(1);
    } else {
      return false;
    }
    line_starts_ = at_ > begin && source_[at_ - 1] == '\n';
    return true;
  }

  void between_tags() {
    std::size_t tag = at_;
    for (;; ++tag) {
      tag = source_.find('{', tag);
      if (tag == std::string_view::npos || tag + 1 == source_.size()) {
        data(left());
        skip(left().size());
        return;
      }
      if (source_[tag + 1] == '{' || source_[tag + 1] == '%' || source_[tag + 1] == '#') break;
    }
    const char kind = source_[tag + 1];
    const char mark =
        tag + 2 < source_.size() && (source_[tag + 2] == '-' || source_[tag + 2] == '+') ? source_[tag + 2] : '\0';
    data(trimmed(source_.substr(at_, tag - at_), mark, kind == '{'));
    skip(tag - at_);
    skip(mark == '\0' ? 2 : 3);
    if (kind == '#') return comment();
    if (kind == '%' && raw()) return;
    push(kind == '{' ? Token::Kind::print_begin : Token::Kind::block_begin, {});
    inside_tag(kind == '{');
  }

  void comment() {
    const std::size_t begin = at_;
    const std::size_t end = source_.find("#}", at_);
    if (end == std::string_view::npos && begin == source_.size()) return;
    if (end == std::string_view::npos) fail("a comment is not closed: expected #}");
    const bool marked = end > begin && (source_[end - 1] == '-' || source_[end - 1] == '+');
    skip(end - at_ - (marked ? 1 : 0));
    skip_end("#}", true, true);
  }

  /// Reads {% raw %}...{% endraw %} if that is the tag whose inside begins at `at_`.
  bool raw() {
    const std::size_t begin = at_;
    const std::uint32_t line = line_;
    const auto undo = [&] {
      at_ = begin;
      line_ = line;
      return false;
    };
    skip_space();
    if (!starts("raw")) return undo();
    skip(3);
    skip_space();
    if (!skip_end("%}", false, false)) return undo();
    for (std::size_t tag = source_.find("{%", at_); tag != std::string_view::npos;
         tag = source_.find("{%", tag + 1)) {
      std::size_t inside = tag + 2;
      const char next = inside < source_.size() ? source_[inside] : '\0';
      const char mark = next == '-' || next == '+' ? next : '\0';
      if (mark != '\0') ++inside;
      while (inside < source_.size() && is_space(source_, inside)) inside += character_size(source_, inside);
      if (!source_.substr(inside).starts_with("endraw")) continue;
      inside += 6;
      while (inside < source_.size() && is_space(source_, inside)) inside += character_size(source_, inside);
      const std::string_view close = source_.substr(inside);
      if (!close.starts_with("%}") && !close.starts_with("-%}") && !close.starts_with("+%}")) continue;
      data(trimmed(source_.substr(at_, tag - at_), mark, false));
      skip(inside - at_);
      return skip_end("%}", true, true);
    }
    if (at_ == source_.size()) return true;
    fail("{% raw %} is not closed: expected {% endraw %}");
  }

  void inside_tag(bool is_print) {
    const std::string_view close = is_print ? "}}" : "%}";
    const std::uint32_t opened = line_;
    std::string brackets;  // those that are expected
    for (;;) {
      skip_space();
      if (at_ >= source_.size()) {
        line_ = opened;
        fail(concat("a tag is not closed: expected ", close));
      }
      if (brackets.empty()) {
        const std::uint32_t line = line_;
        if (skip_end(close, !is_print, !is_print)) {
          tokens_.push_back({is_print ? Token::Kind::print_end : Token::Kind::block_end, line, {}});
          return;
        }
      }
      const char c = source_[at_];
      if (is_digit(c)) {
        number();
      } else if (is_letter(c)) {
        std::size_t size = 0;
        while (size < left().size() && (is_letter(left()[size]) || is_digit(left()[size]))) ++size;
        push(Token::Kind::name, std::string(left().substr(0, size)));
        skip(size);
      } else if (c == '\'' || c == '"') {
        text(c);
      } else {
        sign(brackets);
      }
    }
  }

  void sign(std::string& brackets) {
    constexpr std::string_view signs[] = {"//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[",
                                          "]",  "(",  ")",  "{",  "}",  ">",  "<", "=", ".", ":", "|", ",", ";"};
    for (const std::string_view known : signs) {
      if (!starts(known)) continue;
      const char c = known[0];
      if (c == '(' || c == '[' || c == '{') brackets += c == '(' ? ')' : c == '[' ? ']' : '}';
      if (c == ')' || c == ']' || c == '}') {
        if (brackets.empty() || brackets.back() != c) {
          fail(concat("unexpected '", known, "'", brackets.empty() ? "" : ", expected '",
                      brackets.empty() ? "" : brackets.substr(brackets.size() - 1), brackets.empty() ? "" : "'"));
        }
        brackets.pop_back();
      }
      push(Token::Kind::sign, std::string(known));
      skip(known.size());
      return;
    }
    fail(concat("unexpected character '", printable(left().substr(0, character_size(source_, at_))), "'"));
  }

  /// Digits from `at` on, single underscores between them; where they end.
  std::size_t digits_end(std::size_t at) const {
    while (at < source_.size() && (is_digit(source_[at]) ||
                                   (source_[at] == '_' && at + 1 < source_.size() && is_digit(source_[at + 1])))) {
      ++at;
    }
    return at;
  }

  void number() {
    std::size_t end = digits_end(at_);
    const std::size_t whole = end;
    const auto is_digit_at = [&](std::size_t at) { return at < source_.size() && is_digit(source_[at]); };
    const bool after_dot = at_ > 0 && source_[at_ - 1] == '.';
    if (source_[at_] == '0' && end == at_ + 1 && end < source_.size()) {
      const char base = source_[end];
      if (base == 'x' || base == 'X' || base == 'o' || base == 'O' || base == 'b' || base == 'B') {
        throw Unsupported(concat(where_, ": line ", line_,
                                 " of the chat template: an integer that is not decimal is not supported"));
      }
    }
    if (!after_dot) {
      if (end < source_.size() && source_[end] == '.' && is_digit_at(end + 1)) end = digits_end(end + 1);
      if (end < source_.size() && (source_[end] == 'e' || source_[end] == 'E')) {
        const std::size_t exponent =
            end + 1 < source_.size() && (source_[end + 1] == '+' || source_[end + 1] == '-') ? end + 2 : end + 1;
        if (is_digit_at(exponent)) end = digits_end(exponent);
      }
    }
    std::string digits(source_.substr(at_, end - at_));
    std::erase(digits, '_');
    push(end == whole ? Token::Kind::integer : Token::Kind::number, std::move(digits));
    skip(end - at_);
  }

  void text(char quote) {
    std::size_t end = at_ + 1;
    while (end < source_.size() && source_[end] != quote) end += source_[end] == '\\' ? 2 : 1;
    if (end >= source_.size()) fail(concat("a string is not closed: expected ", quote));
    std::string out = unescaped(source_.substr(at_ + 1, end - at_ - 1));
    push(Token::Kind::text, std::move(out));
    skip(end + 1 - at_);
  }

  /// Python's escapes replaced; one that it does not know stays.
  std::string unescaped(std::string_view text) const {
    constexpr std::string_view simple = "\\\\''\"\"a\ab\bf\fn\nr\rt\tv\v";
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] != '\\' || i + 1 == text.size()) {
        out += text[i];
        continue;
      }
      const char kind = text[++i];
      std::size_t known = 0;
      while (known < simple.size() && simple[known] != kind) known += 2;
      if (kind == '\n') continue;
      if (known < simple.size()) {
        out += simple[known + 1];
      } else if (kind == 'x' || kind == 'u' || kind == 'U') {
        const std::size_t digits = kind == 'x' ? 2 : kind == 'u' ? 4 : 8;
        append_code(out, text.substr(i + 1), digits, digits, 16);
        i += digits;
      } else if (kind >= '0' && kind <= '7') {
        std::size_t digits = 1;
        while (digits < 3 && i + digits < text.size() && text[i + digits] >= '0' && text[i + digits] <= '7')
          ++digits;
        append_code(out, text.substr(i), digits, digits, 8);
        i += digits - 1;
      } else if (kind == 'N') {
        throw Unsupported(
            concat(where_, ": line ", line_, " of the chat template: the escape \\N is not supported"));
      } else {
        out += '\\';
        out += kind;
      }
    }
    return out;
  }

  void append_code(std::string& out, std::string_view digits, std::size_t count, std::size_t needed,
                   int base) const {
    std::uint32_t value = 0;
    digits = digits.substr(0, count);
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
    const bool all =
        digits.size() == needed && read.ec == std::errc() && read.ptr == digits.data() + digits.size();
    if (!all || value > 0x10FFFFU || (value >= 0xD800U && value < 0xE000U)) {
      fail("an escape in a string is no character");
    }
    append_code_point(out, value);
  }

  std::string plain_;
  std::string_view source_{plain_};
  std::string_view where_;
  std::size_t at_ = 0;
  std::uint32_t line_ = 1;
  bool line_starts_ = true;
  std::vector<Token> tokens_;
};

}  // namespace detail

ASTERISM_INLINE std::vector<Token> cut_into_tokens(std::string_view source, std::string_view where) {
  return detail::Lexer(source, where).run();
}

}  // namespace asterism::text::jinja
