// The settings of Metaspace: a visible character in place of spaces, as a pre-tokenizer puts it and a decoder
// takes it away.
#pragma once

#include <cstdint>
#include <string>

#include "asterism/core/config.hpp"
#include "asterism/text/detail/component.hpp"

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

  static Metaspace from_json(const Component& component);
};

}  // namespace asterism::text

#if !defined(ASTERISM_COMPILED)
#include "asterism/text/detail/metaspace_impl.hpp"
#endif
