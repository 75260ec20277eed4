// Bodies of post_processor.hpp.
#pragma once

#include <cstdint>
#include <string>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/json/fields.hpp"
#include "asterism/text/detail/post_processor.hpp"

namespace asterism::text {

ASTERISM_INLINE PostProcessor PostProcessor::from_json(const json::Value* value, std::size_t vocabulary_size,
                                                       std::string_view where) {
  PostProcessor processor;
  bool has_template = false;
  for_each_component(value, "post_processor", "processors", where, [&](const Component& component) {
    if (component.type() == "ByteLevel") {  // only affects offsets
      component.settings({"add_prefix_space", "trim_offsets", "use_regex"});
      return;
    }
    const bool bert = component.type() == "BertProcessing";
    if (!bert && component.type() != "TemplateProcessing") {
      component.unsupported("Sequence, TemplateProcessing, BertProcessing, ByteLevel");
    }
    if (has_template) component.refuse("a second one is not supported");
    has_template = true;
    bert ? processor.read_bert(component, vocabulary_size) : processor.read_template(component, vocabulary_size);
  });
  return processor;
}

ASTERISM_INLINE void PostProcessor::read_bert(const Component& component, std::size_t vocabulary_size) {
  component.settings({"sep", "cls"});
  const auto id_of = [&](std::string_view key) {  // ["[CLS]", 101]
    const json::Value& pair = json::require_array(component.object, key, component.where);
    if (pair.size() != 2) component.refuse(concat("'", key, "' is not a token and its id"));
    return static_cast<TokenId>(
        json::to_integer(pair[1], key, component.where, 0, static_cast<std::int64_t>(vocabulary_size) - 1));
  };
  prefix_.push_back(id_of("cls"));
  suffix_.push_back(id_of("sep"));
}

ASTERISM_INLINE void PostProcessor::read_template(const Component& component, std::size_t vocabulary_size) {
  const std::string_view where = component.where;
  component.settings({"single", "pair", "special_tokens"});
  const json::Value& tokens = json::require_object(component.object, "special_tokens", where);
  bool has_text = false;
  for (const json::Value& piece : json::require_array(component.object, "single", where)) {
    json::check_object(piece, "a piece of the template 'single'", where);
    check_keys(piece, {"Sequence", "SpecialToken"}, "a piece of TemplateProcessing", where);
    if (const json::Value* sequence = json::optional_object(piece, "Sequence", where)) {
      if (has_text || piece.size() != 1 || json::require_string(*sequence, "id", where) != "A") {
        component.refuse("its template 'single' must hold the sequence A once");
      }
      has_text = true;
      continue;
    }
    const std::string& name =
        json::require_string(json::require_object(piece, "SpecialToken", where), "id", where);
    if (json::find_field(tokens, name, where) == nullptr) {
      throw FormatError(concat(where, ": post_processor TemplateProcessing: special_tokens has no entry '",
                               printable(name, 60), "', which its template 'single' names"));
    }
    const json::Value& token = json::require_object(tokens, name, where);
    check_keys(token, {"id", "ids", "tokens"}, "a special token of TemplateProcessing", where);
    for (const json::Value& id : json::require_array(token, "ids", where)) {
      const auto last = static_cast<std::int64_t>(vocabulary_size) - 1;
      (has_text ? suffix_ : prefix_).push_back(static_cast<TokenId>(json::to_integer(id, "ids", where, 0, last)));
    }
  }
  if (!has_text) component.refuse("its template 'single' must hold the sequence A once");
}

}  // namespace asterism::text
