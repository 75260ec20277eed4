// The settings of Metaspace: a visible character in place of spaces, which a pre-tokenizer inserts and a decoder
// removes.
#pragma once

#include <cstdint>
#include <string>

#include "asterism/core/config.hpp"
#include "asterism/text/detail/component.hpp"

namespace asterism::text {

/// How Metaspace marks the beginning of a text.
enum class PrependScheme : std::uint8_t {
  first,  ///< only at the beginning of the user's text
  never,
  always,  ///< every text: also after each special token
};

/// Source: Hugging Face tokenizers, `pre_tokenizers/metaspace`.
struct Metaspace {
  std::string replacement;  ///< one character, usually U+2581
  PrependScheme scheme = PrependScheme::always;
  bool split = true;

  static Metaspace from_json(const Component& component);
};

}  // namespace asterism::text

#if !defined(ASTERISM_COMPILED)
#include "asterism/text/detail/metaspace_impl.hpp"
#endif
