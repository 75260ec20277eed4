// The settings of Metaspace: a visible character in place of spaces, as a pre-tokenizer puts it and a decoder
// takes it away.
#pragma once

#include <cstdint>
#include <string>

#include "asterism/text/component.hpp"

namespace asterism::text {

/// How Metaspace marks the beginning of a text.
enum class PrependScheme : std::uint8_t {
  first,  ///< only where the text is the beginning of what the user gave
  never,
  always,  ///< every text: also behind each special token
};

/// Source: Hugging Face tokenizers, `pre_tokenizers/metaspace`.
struct Metaspace {
  std::string replacement;  ///< one character, U+2581 as a rule
  PrependScheme scheme = PrependScheme::always;
  bool split = true;

  static Metaspace from_json(const Component& component) {
    component.settings({"replacement", "add_prefix_space", "prepend_scheme", "split", "str_rep"});
    Metaspace metaspace{require_character(component, "replacement")};
    const auto scheme = json::optional_string(component.object, "prepend_scheme", component.where);
    if (scheme == "first") {
      metaspace.scheme = PrependScheme::first;
    } else if (scheme == "never") {
      metaspace.scheme = PrependScheme::never;
    } else if (scheme && scheme != "always") {
      component.refuse("prepend_scheme must be first, never or always");
    }
    const auto prefix = json::optional_bool(component.object, "add_prefix_space", component.where);
    if (prefix == false) {  // how files older than prepend_scheme said it
      if (scheme && scheme != "never") component.refuse("add_prefix_space false contradicts prepend_scheme");
      metaspace.scheme = PrependScheme::never;
    }
    metaspace.split = json::optional_bool(component.object, "split", component.where).value_or(true);
    return metaspace;
  }
};

}  // namespace asterism::text
