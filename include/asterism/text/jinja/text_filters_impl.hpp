// Bodies of text_filters.hpp.
#pragma once

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "asterism/core/format.hpp"
#include "asterism/text/detail/unicode.hpp"
#include "asterism/text/jinja/arguments.hpp"
#include "asterism/text/jinja/format_text.hpp"
#include "asterism/text/jinja/json_text.hpp"
#include "asterism/text/jinja/methods.hpp"
#include "asterism/text/jinja/operators.hpp"
#include "asterism/text/jinja/repr.hpp"
#include "asterism/text/jinja/text_filters.hpp"

namespace asterism::text::jinja {

namespace detail {

inline std::string with_entities(Runtime& run, std::string_view text) {
  run.step_bytes(text.size());
  TextBuilder out(run);
  std::size_t plain = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    const std::string_view entity = c == '&'    ? "&amp;"
                                    : c == '<'  ? "&lt;"
                                    : c == '>'  ? "&gt;"
                                    : c == '\'' ? "&#39;"
                                    : c == '"'  ? "&#34;"
                                                : "";
    if (entity.empty()) continue;
    out.append(text.substr(plain, at - plain)).append(entity);
    plain = at + 1;
  }
  return out.append(text.substr(plain)).take();
}

/// Jinja's title: words begin behind white space and - ( { [ <, and are lower case otherwise.
inline Value words_in_title_case(Runtime& run, std::string_view text) {
  if (has_special_case(text)) run.unsupported("'title' of a character whose case is not mapped one by one");
  run.step_bytes(text.size());
  TextBuilder out(run);
  bool begins = true;
  for (std::size_t at = 0; at < text.size();) {
    const std::string_view c = text.substr(at, character_size(text, at));
    out.append(begins ? upper(c) : lower(c));
    begins = is_space(text, at) || std::string_view("-({[<").find(c) != std::string_view::npos;
    at += c.size();
  }
  return out.finish();
}

inline Value indented(Runtime& run, std::string_view text, const Arguments& arguments) {
  const Bound bound(run, "indent", arguments, {"width", "first", "blank"});
  TextBuilder indent(run);
  if (bound.has(0) && bound[0].is(Kind::text)) {
    indent.append(bound[0].text());
  } else {
    indent.repeat(static_cast<std::size_t>(std::max(bound.integer(0, 4), std::int64_t{0})), " ");
  }
  run.step_bytes(text.size());
  std::vector<std::string_view> lines = split_lines(text);
  if (lines.size() > max_pieces) run.check_room(max_held_bytes + 1);
  // Jinja adds a line end first, so a text that ends with one has an empty last line.
  const std::size_t joined =
      lines.empty() ? 0 : static_cast<std::size_t>(lines.back().data() - text.data()) + lines.back().size();
  if (lines.empty() || joined < text.size()) lines.emplace_back();
  TextBuilder out(run);
  if (bound.truth(1, false)) out.append(indent.view());
  for (std::size_t i = 0; i < lines.size(); ++i) {
    run.step();
    if (i > 0) out.append("\n");
    if (i > 0 && (bound.truth(2, false) || !lines[i].empty())) out.append(indent.view());
    out.append(lines[i]);
  }
  return out.finish();
}

inline Value truncated(Runtime& run, std::string_view text, const Arguments& arguments) {
  const Bound bound(run, "truncate", arguments, {"length", "killwords", "end", "leeway"});
  const std::string_view end = bound.text(2, "...");
  const auto end_length = static_cast<std::int64_t>(length_of(end));
  const std::int64_t most = bound.integer(0, 255);
  const std::int64_t leeway = bound.integer(3, 5);
  if (most < end_length || leeway < 0)
    run.fail("'truncate' gets a length below that of its end, or a negative leeway");
  run.step_bytes(text.size());
  if (static_cast<std::int64_t>(length_of(text)) - leeway <= most) return run.text(std::string(text));
  text = text.substr(0, offset_of(text, static_cast<std::size_t>(most - end_length)));
  if (!bound.truth(1, false)) text = text.substr(0, std::min(text.rfind(' '), text.size()));
  TextBuilder out(run);
  return out.append(text).append(end).finish();
}

/// The text as a number, as Python's float() reads it; false if it does not.
inline bool read_number(std::string_view text, double& out) {
  std::string_view plain = strip(text);
  if (plain.starts_with('+') && !plain.substr(1).starts_with('-')) plain.remove_prefix(1);
  if (plain.empty() || plain.size() > 400) return false;
  const auto read = std::from_chars(plain.data(), plain.data() + plain.size(), out);
  return read.ec == std::errc() && read.ptr == plain.data() + plain.size();
}

inline Value as_integer(Runtime& run, const Value& value, const Arguments& arguments) {
  const Bound bound(run, "int", arguments, {"default", "base"});
  Value otherwise = bound.value(0, std::int64_t{0});
  if (bound.integer(1, 10) != 10) run.unsupported("'int' with another base than 10");
  if (value.is(Kind::undefined)) run.fail(value.why());
  if (value.is_integral()) return value.integer();
  double number = 0;
  if (value.is(Kind::text)) {
    const std::string plain(strip(value.text()));
    char* end = nullptr;
    errno = 0;
    const long long whole = std::strtoll(plain.c_str(), &end, 10);
    if (!plain.empty() && end == plain.c_str() + plain.size()) {
      if (errno == ERANGE) run.unsupported("an integer of more than 64 bits");
      return static_cast<std::int64_t>(whole);
    }
    if (!read_number(value.text(), number)) return otherwise;
  } else if (value.is(Kind::number)) {
    number = value.number();
  } else {
    return otherwise;
  }
  if (!std::isfinite(number)) return otherwise;
  if (std::abs(number) >= 9.2e18) run.unsupported("an integer of more than 64 bits");
  return static_cast<std::int64_t>(number);
}

inline Value as_number(Runtime& run, const Value& value, const Arguments& arguments) {
  const Bound bound(run, "float", arguments, {"default"});
  if (value.is(Kind::undefined)) run.fail(value.why());
  if (value.is_number()) return value.number();
  double number = 0;
  if (value.is(Kind::text) && read_number(value.text(), number)) return number;
  return bound.value(0, 0.0);
}

inline Value formatted(Runtime& run, const Value& form, const Arguments& arguments) {
  if (arguments.named.empty()) {
    return format_text(run, form, run.sequence(Sequence::Type::tuple, arguments.positional));
  }
  if (!arguments.positional.empty()) run.fail("'format' takes values by place or by name, not both");
  std::vector<std::pair<Value, Value>> items;
  for (const auto& [name, value] : arguments.named) items.emplace_back(run.text(name), value);
  return format_text(run, form, dict_of(run, std::move(items)));
}

inline Value json_of(Runtime& run, const Value& value, const Arguments& arguments) {
  const Bound bound(run, "tojson", arguments, {"ensure_ascii", "indent", "separators", "sort_keys"});
  JsonStyle style{.ascii = bound.truth(0, false), .sort_keys = bound.truth(3, false)};
  if (bound.has(1) && !bound[1].is(Kind::none)) {
    TextBuilder indent(run);
    if (bound[1].is(Kind::text)) {
      indent.append(bound[1].text());
    } else {
      indent.repeat(static_cast<std::size_t>(std::max(bound.integer(1, 0), std::int64_t{0})), " ");
    }
    style.indent = indent.take();
    style.item_separator = ",";
  }
  if (bound.has(2) && !bound[2].is(Kind::none)) {
    const auto separators = iterate(run, bound[2]);
    if (separators->items.size() != 2) run.fail("the separators of 'tojson' are two texts");
    style.item_separator = require_text(run, separators->items[0], "the first separator of 'tojson'");
    style.key_separator = require_text(run, separators->items[1], "the second separator of 'tojson'");
  }
  TextBuilder out(run);
  append_json(out, run, value, style);
  return out.finish();
}

inline std::int64_t count_words(std::string_view text) {
  std::int64_t count = 0;
  bool inside = false;
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint c = character_at(text, at);
    const bool is_part = is_letter(c.value) || is_numeric(c.value) || c.value == '_';
    if (is_part && !inside) ++count;
    inside = is_part;
    at += c.size;
  }
  return count;
}

}  // namespace detail

ASTERISM_INLINE std::string escaped(Runtime& run, const Value& value) {
  return value.is_markup() ? std::string(value.text()) : detail::with_entities(run, value.text());
}

ASTERISM_INLINE Value stripped_text(Runtime& run, std::string_view text, const Value& chars, Side side) {
  run.step_bytes(text.size());
  if (chars.is(Kind::none)) return run.text(std::string(strip(text, side)));
  const std::string_view unwanted = require_text(run, chars, "the characters to strip");
  run.step(unwanted.size() * (text.size() / 64));
  return run.text(std::string(strip(text, unwanted, side)));
}

ASTERISM_INLINE Value replaced(Runtime& run, std::string_view text, std::string_view old, std::string_view by,
                               std::int64_t most) {
  run.step_search(text.size(), old.size());
  TextBuilder out(run);
  std::size_t at = 0;
  for (std::int64_t done = 0; most < 0 || done < most; ++done) {
    if (old.empty()) {  // Python puts `by` before each character and at the end
      out.append(by);
      run.step();
      if (at == text.size()) break;
      const std::size_t size = character_size(text, at);
      out.append(text.substr(at, size));
      at += size;
      continue;
    }
    const std::size_t found = text.find(old, at);
    if (found == std::string_view::npos) break;
    run.step();
    out.append(text.substr(at, found - at)).append(by);
    at = found + old.size();
  }
  if (at < text.size()) out.append(text.substr(at));
  return out.finish();
}

ASTERISM_INLINE Value in_case(Runtime& run, std::string_view text, std::string_view name) {
  run.step_bytes(text.size() * 4);
  run.check_room(text.size() * 2);
  if (has_special_case(text)) {
    run.unsupported(concat("'", name, "' of a character whose case is not mapped one by one"));
  }
  if (name == "upper") return run.text(upper(text));
  if (name == "lower") return run.text(lower(text));
  return run.text(name == "title" ? title(text) : capitalize(text));
}

ASTERISM_INLINE std::optional<Value> text_filter(Runtime& run, std::string_view name, const Value& value,
                                                 const Arguments& arguments) {
  if (name == "tojson") return detail::json_of(run, value, arguments);
  if (name == "int") return detail::as_integer(run, value, arguments);
  if (name == "float") return detail::as_number(run, value, arguments);
  constexpr std::string_view known[] = {"trim",     "upper",  "lower",     "capitalize", "title",  "string",
                                        "safe",     "e",      "escape",    "replace",    "format", "indent",
                                        "truncate", "center", "wordcount", "forceescape"};
  if (std::find(std::begin(known), std::end(known), name) == std::end(known)) return std::nullopt;
  const Value text = value.is(Kind::text) ? value : run.text(to_string(run, value));
  const std::string_view self = text.text();
  const auto as_markup = [&](const Value& made) {  // these keep what their text was
    return text.is_markup() ? run.text(std::string(made.text()), true) : made;
  };
  if (name == "trim") {
    const Bound bound(run, name, arguments, {"chars"});
    return as_markup(stripped_text(run, self, bound.value(0, Value::none()), Side::both));
  }
  if (name == "replace") {
    const Bound bound(run, name, arguments, {"old", "new", "count"}, 2);
    return replaced(run, self, to_string(run, bound[0]), to_string(run, bound[1]), bound.integer(2, -1));
  }
  if (name == "format") return detail::formatted(run, text, arguments);
  if (name == "indent" || name == "truncate") {
    if (!value.is(Kind::text)) require_text(run, value, concat("what '", name, "' gets"));
    return name == "indent" ? detail::indented(run, self, arguments) : detail::truncated(run, self, arguments);
  }
  if (name == "center") {
    const Bound bound(run, name, arguments, {"width"});
    return call_method(run, text, name, {.positional = {bound.integer(0, 80)}, .named = {}});
  }
  const Bound none(run, name, arguments, {});
  if (name == "string") return text;
  if (name == "safe") return text.is_markup() ? text : run.text(std::string(self), true);
  if (name == "wordcount") return detail::count_words(self);
  if (name == "title") return detail::words_in_title_case(run, self);
  if (name == "forceescape") return run.text(detail::with_entities(run, self), true);
  if (name == "e" || name == "escape") return run.text(escaped(run, text), true);
  return as_markup(in_case(run, self, name));
}

}  // namespace asterism::text::jinja
