// Bodies of repr.hpp.
#pragma once

#include <charconv>
#include <cmath>
#include <cstddef>

#include "asterism/core/format.hpp"
#include "asterism/text/jinja/repr.hpp"
#include "asterism/text/jinja/strings_impl.hpp"

namespace asterism::text::jinja {

ASTERISM_INLINE std::string quoted(std::string_view text) {
  const bool has_single = text.find('\'') != std::string_view::npos;
  const char quote = has_single && text.find('"') == std::string_view::npos ? '"' : '\'';
  std::string out(1, quote);
  const auto escape = [&out](char kind, char32_t value, unsigned digits) {
    constexpr std::string_view hex = "0123456789abcdef";
    out += '\\';
    out += kind;
    for (unsigned shift = 4 * digits; shift > 0;) out += hex[(value >> (shift -= 4)) & 15U];
  };
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint c = detail::character_at(text, at);
    const char32_t v = c.value;
    const auto kind = detail::category(v);
    const bool prints = v == ' ' || !(kind == UTF8PROC_CATEGORY_CN || kind == UTF8PROC_CATEGORY_CC ||
                                      kind == UTF8PROC_CATEGORY_CF || kind == UTF8PROC_CATEGORY_CS ||
                                      kind == UTF8PROC_CATEGORY_CO || kind == UTF8PROC_CATEGORY_ZS ||
                                      kind == UTF8PROC_CATEGORY_ZL || kind == UTF8PROC_CATEGORY_ZP);
    if (v == '\n') {
      out += "\\n";
    } else if (v == '\r') {
      out += "\\r";
    } else if (v == '\t') {
      out += "\\t";
    } else if (v == static_cast<char32_t>(quote) || v == '\\') {
      out += '\\';
      out += static_cast<char>(v);
    } else if (prints) {
      out += text.substr(at, c.size);
    } else if (v < 0x100) {
      escape('x', v, 2);
    } else {
      escape(v < 0x10000 ? 'u' : 'U', v, v < 0x10000 ? 4 : 8);
    }
    at += c.size;
  }
  out += quote;
  return out;
}

ASTERISM_INLINE std::string number_text(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  char buffer[40];
  const char* end = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific).ptr;
  std::string_view text(buffer, static_cast<std::size_t>(end - buffer));
  std::string out;
  if (text.front() == '-') {
    out += '-';
    text.remove_prefix(1);
  }
  const std::size_t e = text.find('e');
  int exponent = 0;
  std::from_chars(text.data() + e + (text[e + 1] == '+' ? 2 : 1), text.data() + text.size(), exponent);
  std::string digits(1, text[0]);
  if (e > 2) digits += text.substr(2, e - 2);
  if (exponent < -4 || exponent >= 16) {
    out += digits[0];
    if (digits.size() > 1) (out += '.') += digits.substr(1);
    out += text.substr(e);  // at least two digits, as in Python
  } else if (exponent < 0) {
    out += "0.";
    out.append(static_cast<std::size_t>(-exponent - 1), '0');
    out += digits;
  } else {
    const auto whole = static_cast<std::size_t>(exponent) + 1;
    if (digits.size() < whole) digits.append(whole - digits.size(), '0');
    out += digits.substr(0, whole);
    out += '.';
    out += digits.size() > whole ? digits.substr(whole) : "0";
  }
  return out;
}

ASTERISM_INLINE std::string to_string(Runtime& run, const Value& value) {
  TextBuilder out(run);
  append_string(out, run, value);
  return out.take();
}

ASTERISM_INLINE void append_string(TextBuilder& out, Runtime& run, const Value& value) {
  if (value.is(Kind::text)) {
    out.append(value.text());
  } else if (value.is(Kind::undefined)) {
    run.check_printed(value);
  } else {
    append_repr(out, run, value);
  }
}

ASTERISM_INLINE void append_repr(TextBuilder& out, Runtime& run, const Value& value) {
  run.step();
  switch (value.kind()) {
    case Kind::undefined:
      out.append("Undefined");
      return;
    case Kind::none:
      out.append("None");
      return;
    case Kind::boolean:
      out.append(value.boolean() ? "True" : "False");
      return;
    case Kind::integer:
      out.append(concat(value.integer()));
      return;
    case Kind::number:
      out.append(number_text(value.number()));
      return;
    case Kind::text:
      run.step_bytes(value.text().size() * 4);
      run.check_room(value.text().size() * 4);
      out.append(quoted(value.text()));
      return;
    case Kind::sequence: {
      const Sequence& sequence = value.sequence();
      const bool is_tuple = sequence.type == Sequence::Type::tuple;
      if (!is_tuple && sequence.type != Sequence::Type::list) {
        run.unsupported(concat("the text of ", value.type_name(), " (make it a list with |list)"));
      }
      out.append(is_tuple ? "(" : "[");
      for (std::size_t i = 0; i < sequence.items.size(); ++i) {
        if (i > 0) out.append(", ");
        append_repr(out, run, sequence.items[i]);
      }
      out.append(!is_tuple ? "]" : sequence.items.size() == 1 ? ",)" : ")");
      return;
    }
    case Kind::dict:
      out.append("{");
      for (std::size_t i = 0; i < value.dict().items.size(); ++i) {
        if (i > 0) out.append(", ");
        append_repr(out, run, value.dict().items[i].first);
        out.append(": ");
        append_repr(out, run, value.dict().items[i].second);
      }
      out.append("}");
      return;
    case Kind::object:
      run.unsupported(concat("the text of ", value.type_name()));
  }
}

}  // namespace asterism::text::jinja
