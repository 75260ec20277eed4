// Bodies of json_text.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <set>
#include <utility>
#include <vector>

#include "asterism/core/format.hpp"
#include "asterism/json/json.hpp"
#include "asterism/text/detail/utf8.hpp"
#include "asterism/text/jinja/json_text.hpp"
#include "asterism/text/jinja/operators.hpp"
#include "asterism/text/jinja/repr.hpp"
#include "asterism/text/jinja/strings.hpp"

namespace asterism::text::jinja {

namespace detail {

/// Builds values from a scan's events.
class ValueBuilder final : public json::Handler {
 public:
  bool null() override { return add(Value::none()); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(std::int64_t value) override { return add(value); }
  bool number_unsigned(std::uint64_t value) override {
    if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
      fail("an integer of more than 64 bits with its sign");
    }
    return add(static_cast<std::int64_t>(value));
  }
  bool number_float(double value, const std::string& /*text*/) override { return add(value); }
  bool string(std::string& value) override { return add(Value(std::move(value))); }
  bool start_object(std::size_t /*count*/) override { return open(); }
  bool start_array(std::size_t /*count*/) override { return open(); }
  bool key(std::string& value) override {
    at_key(value);
    if (!levels_.back().keys.insert(value).second) fail("repeated key");
    levels_.back().names.push_back(std::move(value));
    return true;
  }
  bool end_object() override {
    std::vector<std::pair<Value, Value>> items;
    Level& level = levels_.back();
    for (std::size_t i = 0; i < level.items.size(); ++i) {
      items.emplace_back(Value(std::move(level.names[i])), std::move(level.items[i]));
    }
    return close(make_dict(std::move(items)));
  }
  bool end_array() override { return close(make_list(std::move(levels_.back().items))); }

  Value document;

 private:
  struct Level {
    std::vector<std::string> names;
    std::set<std::string> keys;
    std::vector<Value> items;
  };

  bool add(Value value) {
    if (levels_.empty()) {
      document = std::move(value);
    } else {
      levels_.back().items.push_back(std::move(value));
    }
    return true;
  }
  bool open() {
    enter();
    levels_.emplace_back();
    return true;
  }
  bool close(Value value) {
    leave();
    levels_.pop_back();
    return add(std::move(value));
  }

  std::vector<Level> levels_;
};

inline void append_escape(TextBuilder& out, std::uint32_t unit) {
  constexpr std::string_view hex = "0123456789abcdef";
  const char text[] = {
      '\\', 'u', hex[(unit >> 12U) & 15U], hex[(unit >> 8U) & 15U], hex[(unit >> 4U) & 15U], hex[unit & 15U]};
  out.append({text, sizeof text});
}

inline void append_json_text(TextBuilder& out, Runtime& run, std::string_view text, bool ascii) {
  run.step_bytes(text.size() * 4);
  out.append("\"");
  std::size_t plain = 0;  // where what needs no escape begins
  for (std::size_t at = 0; at < text.size();) {
    const auto byte = static_cast<unsigned char>(text[at]);
    const std::size_t size = byte >= 0x80U && ascii ? character_size(text, at) : 1;
    const std::string_view escapes = "\"\"\\\\\nn\rr\tt\ff\bb";
    std::size_t known = 0;
    while (known < escapes.size() && escapes[known] != text[at]) known += 2;
    if (byte >= 0x20U && known >= escapes.size() && !(ascii && byte >= 0x80U)) {
      at += size;
      continue;
    }
    out.append(text.substr(plain, at - plain));
    if (known < escapes.size()) {
      const char escape[] = {'\\', escapes[known + 1]};
      out.append({escape, 2});
    } else {
      const char32_t c = size == 1 ? byte : code_point_at(text, at).value;
      if (c >= 0x10000U) append_escape(out, 0xD800U + ((static_cast<std::uint32_t>(c) - 0x10000U) >> 10U));
      append_escape(out, c >= 0x10000U ? 0xDC00U + (static_cast<std::uint32_t>(c) & 0x3FFU) : c);
    }
    at += size;
    plain = at;
  }
  out.append(text.substr(plain)).append("\"");
}

inline void append_json_key(TextBuilder& out, Runtime& run, const Value& key, const JsonStyle& style) {
  if (key.is(Kind::text)) return append_json_text(out, run, key.text(), style.ascii);
  if (!key.is_number() && !key.is(Kind::none)) {
    run.fail(concat("tojson of a dict with a ", key.type_name(), " as a key"));
  }
  out.append("\"");
  append_json(out, run, key, style);
  out.append("\"");
}

inline void append_json_level(TextBuilder& out, Runtime& run, const Value& value, const JsonStyle& style,
                              std::size_t level) {
  run.step();
  if (value.is(Kind::none)) {
    out.append("null");
  } else if (value.is(Kind::boolean)) {
    out.append(value.boolean() ? "true" : "false");
  } else if (value.is(Kind::integer)) {
    out.append(concat(value.integer()));
  } else if (value.is(Kind::number)) {
    const std::string text = number_text(value.number());
    out.append(text == "nan" ? "NaN" : text == "inf" ? "Infinity" : text == "-inf" ? "-Infinity" : text);
  } else if (value.is(Kind::text)) {
    append_json_text(out, run, value.text(), style.ascii);
  } else if (value.is(Kind::dict) ||
             (value.is(Kind::sequence) &&
              (value.sequence().type == Sequence::Type::list || value.sequence().type == Sequence::Type::tuple))) {
    const bool is_dict = value.is(Kind::dict);
    const std::size_t count = is_dict ? value.dict().items.size() : value.sequence().items.size();
    if (count == 0) {
      out.append(is_dict ? "{}" : "[]");
      return;
    }
    const auto new_line = [&](std::size_t at_level) {
      if (style.indent) out.append("\n").repeat(at_level, *style.indent);
    };
    std::vector<std::size_t> order(count);
    for (std::size_t i = 0; i < count; ++i) order[i] = i;
    if (is_dict && style.sort_keys) {
      const auto& items = value.dict().items;
      std::stable_sort(order.begin(), order.end(),
                       [&](std::size_t a, std::size_t b) { return less(run, items[a].first, items[b].first); });
    }
    out.append(is_dict ? "{" : "[");
    bool first = true;
    for (const std::size_t i : order) {
      if (!std::exchange(first, false)) out.append(style.item_separator);
      new_line(level + 1);
      if (is_dict) {
        append_json_key(out, run, value.dict().items[i].first, style);
        out.append(style.key_separator);
      }
      append_json_level(out, run, is_dict ? value.dict().items[i].second : value.sequence().items[i], style,
                        level + 1);
    }
    new_line(level);
    out.append(is_dict ? "}" : "]");
  } else {
    if (value.is(Kind::undefined)) run.fail(concat("tojson of an undefined value: ", value.why()));
    run.fail(concat("tojson of ", value.type_name(), ", which JSON has no form for"));
  }
}

}  // namespace detail

ASTERISM_INLINE Value from_json(std::string_view text, std::string_view where) {
  detail::ValueBuilder builder;
  json::scan(text, where, builder);
  return builder.document;
}

ASTERISM_INLINE void append_json(TextBuilder& out, Runtime& run, const Value& value, const JsonStyle& style) {
  detail::append_json_level(out, run, value, style, 0);
}

}  // namespace asterism::text::jinja
