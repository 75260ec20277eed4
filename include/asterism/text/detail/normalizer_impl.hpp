// Bodies of normalizer.hpp.
#pragma once

#include <utility>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/json/fields.hpp"
#include "asterism/text/detail/normalizer.hpp"
#include "asterism/text/detail/utf8.hpp"

namespace asterism::text {

ASTERISM_INLINE void check_growth(std::size_t bytes, std::size_t limit) {
  if (bytes > limit) {
    throw Unsupported(concat("the tokenizer's components make the text grow beyond ", limit,
                             " bytes, which no sensible tokenizer does"));
  }
}

ASTERISM_INLINE Normalizer Normalizer::from_json(const json::Value* value, std::string_view where) {
  Normalizer normalizer;
  for_each_component(value, "normalizer", "normalizers", where,
                     [&](const Component& component) { normalizer.steps_.push_back(read_step(component)); });
  return normalizer;
}

ASTERISM_INLINE bool Normalizer::may_shorten_front() const {
  for (const Step& step : steps_) {
    if (std::holds_alternative<Strip>(step) || std::holds_alternative<Bert>(step)) return true;
    if (const auto* replace = std::get_if<Replace>(&step)) {
      const std::string& literal = replace->pattern.literal();
      if (replace->content.empty() || literal.empty()) return true;
      if (code_point_at(literal, 0).size != literal.size()) return true;
    }
  }
  return false;
}

ASTERISM_INLINE std::string Normalizer::apply(std::string_view text, std::size_t limit) const {
  std::string out(text);
  for (const Step& step : steps_) {
    if (const auto* form = std::get_if<NormalForm>(&step)) {
      out = normalize(out, *form);
    } else if (const auto* prepend = std::get_if<Prepend>(&step)) {
      if (!out.empty()) out.insert(0, prepend->text);
    } else if (const auto* replace = std::get_if<Replace>(&step)) {
      out = replaced(out, *replace, limit);
    } else if (const auto* strip = std::get_if<Strip>(&step)) {
      out = stripped(out, *strip);
    } else if (const auto* bert = std::get_if<Bert>(&step)) {
      out = bert_form(out, *bert);
    }
    check_growth(out.size(), limit);
  }
  return out;
}

ASTERISM_INLINE Normalizer::Step Normalizer::read_step(const Component& component) {
  const std::string& type = component.type();
  static constexpr std::pair<std::string_view, NormalForm> forms[] = {
      {"NFC", NormalForm::nfc}, {"NFD", NormalForm::nfd}, {"NFKC", NormalForm::nfkc}, {"NFKD", NormalForm::nfkd}};
  for (const auto& [name, form] : forms) {
    if (type != name) continue;
    component.settings({});
    return form;
  }
  if (type == "Prepend") {
    component.settings({"prepend"});
    return Prepend{require_short_string(component, "prepend")};
  }
  if (type == "Replace") {
    component.settings({"pattern", "content"});
    return Replace{Pattern::from_json(component), require_short_string(component, "content")};
  }
  if (type == "Strip") {
    component.settings({"strip_left", "strip_right"});
    return Strip{json::require_bool(component.object, "strip_left", component.where),
                 json::require_bool(component.object, "strip_right", component.where)};
  }
  if (type == "BertNormalizer") {
    component.settings({"clean_text", "handle_chinese_chars", "strip_accents", "lowercase"});
    const auto flag = [&](std::string_view key) {
      return json::require_bool(component.object, key, component.where);
    };
    const bool lowercase = flag("lowercase");
    return Bert{flag("clean_text"), flag("handle_chinese_chars"),
                json::optional_bool(component.object, "strip_accents", component.where).value_or(lowercase),
                lowercase};
  }
  component.unsupported("Sequence, NFC, NFD, NFKC, NFKD, Prepend, Replace, Strip, BertNormalizer");
}

ASTERISM_INLINE std::string Normalizer::bert_form(std::string_view text, Bert bert) {
  std::string out;
  const auto rewrite = [&](const std::string& from, auto&& each) {
    std::string to;
    to.reserve(from.size());
    for (std::size_t at = 0; at < from.size();) {
      const CodePoint c = code_point_at(from, at);
      each(c.value, std::string_view(from).substr(at, c.size), to);
      at += c.size;
    }
    return to;
  };
  out = rewrite(std::string(text), [&](char32_t c, std::string_view bytes, std::string& to) {
    if (bert.clean_text && (c == 0 || c == 0xFFFDU || is_control(c))) return;
    if (bert.clean_text && is_white_space(c)) {
      to += ' ';
    } else if (bert.handle_chinese_chars && is_bert_ideograph(c)) {
      to.append(1, ' ').append(bytes).append(1, ' ');
    } else {
      to += bytes;
    }
  });
  if (bert.strip_accents) {
    out = rewrite(normalize(out, NormalForm::nfd), [](char32_t c, std::string_view bytes, std::string& to) {
      if (!is_nonspacing_mark(c)) to += bytes;
    });
  }
  if (bert.lowercase) {
    out = rewrite(out, [](char32_t c, std::string_view, std::string& to) { append_lower_case(to, c); });
  }
  return out;
}

ASTERISM_INLINE std::string Normalizer::replaced(std::string_view text, const Replace& replace,
                                                 std::size_t limit) {
  std::string out;
  std::size_t copied = 0;
  replace.pattern.for_each_match(text, [&](std::size_t begin, std::size_t end) {
    out += text.substr(copied, begin - copied);
    out += replace.content;
    copied = end;
    check_growth(out.size(), limit);
  });
  out += text.substr(copied);
  return out;
}

ASTERISM_INLINE std::string Normalizer::stripped(std::string_view text, Strip strip) {
  std::size_t begin = 0;
  std::size_t end = text.size();
  while (strip.left && begin < end) {
    const CodePoint c = code_point_at(text, begin);
    if (!is_white_space(c.value)) break;
    begin += c.size;
  }
  while (strip.right && begin < end) {
    const CodePoint c = code_point_before(text, end);
    if (!is_white_space(c.value)) break;
    end -= c.size;
  }
  return std::string(text.substr(begin, end - begin));
}

}  // namespace asterism::text
