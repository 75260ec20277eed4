// Which keys a GGUF file may have about its model.
#pragma once

#include <string_view>

#include "asterism/checkpoint/fwd.hpp"
#include "asterism/core/config.hpp"

namespace asterism::checkpoint {

/// Checks the keys of `architecture`, "llama.*": each has to be one that gguf_model_config reads, or one with the value
/// that changes nothing. Unsupported, naming the key and what is supported, for any other, since it may change what the
/// model computes.
void check_gguf_keys(const GgufMetadata& metadata, std::string_view architecture);

}  // namespace asterism::checkpoint

#if !defined(ASTERISM_COMPILED)
#include "asterism/checkpoint/gguf/known_keys_impl.hpp"
#endif
