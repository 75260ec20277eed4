// Bodies of format_text.hpp.
#pragma once

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>

#include "asterism/core/format.hpp"
#include "asterism/text/jinja/format_text.hpp"
#include "asterism/text/jinja/operators.hpp"
#include "asterism/text/jinja/repr.hpp"
#include "asterism/text/jinja/strings.hpp"
#include "asterism/text/jinja/text_filters.hpp"

namespace asterism::text::jinja {

namespace detail {

/// One conversion: %-08.3f
struct Conversion {
  bool left = false;
  bool zero = false;
  char sign = 0;
  std::size_t width = 0;
  std::int64_t precision = -1;
  char kind = 0;
};

inline std::string converted(Runtime& run, Conversion& how, const Value& value, bool is_markup) {
  if (how.kind == 's' || how.kind == 'r') {
    how.zero = false;
    TextBuilder out(run);
    how.kind == 's' ? append_string(out, run, value) : append_repr(out, run, value);
    std::string text = out.take();
    if (is_markup && !(how.kind == 's' && value.is_markup())) text = escaped(run, Value(std::move(text)));
    if (how.precision >= 0) text.resize(offset_of(text, static_cast<std::size_t>(how.precision)));
    return text;
  }
  if (!value.is_number()) run.fail(concat("%", how.kind, " of ", value.type_name(), ", expected a number"));
  if (how.precision > 50) run.unsupported("a precision above 50");
  std::string text;
  if (how.kind == 'f' || how.kind == 'F') {
    if (!std::isfinite(value.number())) run.unsupported("%f of a number that is not finite");
    char buffer[400];
    const int digits = how.precision < 0 ? 6 : static_cast<int>(how.precision);
    text.assign(
        buffer,
        std::to_chars(buffer, buffer + sizeof buffer, value.number(), std::chars_format::fixed, digits).ptr);
  } else if (how.kind == 'd' || how.kind == 'i' || how.kind == 'u') {
    if (!value.is_integral() && !(std::abs(value.number()) < 9e18)) run.unsupported("%d of so large a number");
    text = concat(value.is_integral() ? value.integer() : static_cast<std::int64_t>(value.number()));
  } else if (how.kind == 'x' || how.kind == 'X' || how.kind == 'o') {
    char buffer[70];
    const std::int64_t number = require_integer(run, value, "what %x and %o write");
    text.assign(buffer, std::to_chars(buffer, buffer + sizeof buffer, number, how.kind == 'o' ? 8 : 16).ptr);
    if (how.kind == 'X') text = upper(text);
  } else {
    run.unsupported(concat("%", printable({&how.kind, 1})));
  }
  if (how.sign != 0 && text.front() != '-') text.insert(0, 1, how.sign);
  return text;
}

}  // namespace detail

ASTERISM_INLINE Value format_text(Runtime& run, const Value& text_form, const Value& values) {
  const std::string_view form = text_form.text();
  const bool is_tuple = values.is(Kind::sequence) && values.sequence().type == Sequence::Type::tuple;
  std::size_t used = 0;
  const auto next = [&]() -> const Value& {
    const std::size_t count = is_tuple ? values.sequence().items.size() : 1;
    if (used >= count) run.fail(concat("the format has more conversions than the ", count, " values"));
    ++used;
    return is_tuple ? values.sequence().items[used - 1] : values;
  };
  TextBuilder out(run);
  bool named = false;
  std::size_t at = 0;
  const auto peek = [&] { return at < form.size() ? form[at] : '\0'; };
  const auto number = [&](std::size_t most) {
    std::size_t value = 0;
    while (peek() >= '0' && peek() <= '9') {
      value = value * 10 + static_cast<std::size_t>(form[at++] - '0');
      if (value > most) run.unsupported(concat("a width or precision above ", most));
    }
    return value;
  };
  while (at < form.size()) {
    run.step();
    const std::size_t percent = std::min(form.find('%', at), form.size());
    out.append(form.substr(at, percent - at));
    at = percent;
    if (at == form.size()) break;
    ++at;
    const Value* value = nullptr;
    if (peek() == '(') {
      const std::size_t close = form.find(')', at);
      if (close == std::string_view::npos || !values.is(Kind::dict)) run.fail("%(name) in a format needs a dict");
      const std::string_view name = form.substr(at + 1, close - at - 1);
      value = values.dict().find(name);
      if (value == nullptr) run.fail(concat("the values of the format lack '", printable(name), "'"));
      named = true;
      at = close + 1;
    }
    detail::Conversion how;
    for (;; ++at) {
      if (peek() == '-') {
        how.left = true;
      } else if (peek() == '0') {
        how.zero = true;
      } else if (peek() == '+' || (peek() == ' ' && how.sign == 0)) {
        how.sign = peek();
      } else {
        break;
      }
    }
    how.width = number(100'000);
    if (peek() == '.') {
      ++at;
      how.precision = static_cast<std::int64_t>(number(100'000));
    }
    if (at == form.size()) run.fail("the format ends inside a conversion");
    how.kind = form[at++];
    if (how.kind == '%') {
      out.append("%");
      continue;
    }
    const std::string text =
        detail::converted(run, how, value != nullptr ? *value : next(), text_form.is_markup());
    const std::size_t size = length_of(text);
    const std::size_t padding = how.width > size ? how.width - size : 0;
    if (how.left) {
      out.append(text).repeat(padding, " ");
    } else if (how.zero) {
      const bool has_sign = text[0] == '-' || text[0] == '+' || text[0] == ' ';
      out.append(text.substr(0, has_sign ? 1 : 0)).repeat(padding, "0").append(text.substr(has_sign ? 1 : 0));
    } else {
      out.repeat(padding, " ").append(text);
    }
  }
  if (is_tuple ? used < values.sequence().items.size() : used == 0 && !named && !values.is(Kind::dict)) {
    run.fail("the format has fewer conversions than values");
  }
  return run.text(out.take(), text_form.is_markup());
}

}  // namespace asterism::text::jinja
