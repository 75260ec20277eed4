// The rotary embedding's fields of config.json, in the forms of transformers 4 and 5.
#pragma once

#include <string_view>

#include "asterism/core/config.hpp"
#include "asterism/json/fwd.hpp"

namespace asterism::checkpoint {

/// The base of the rotary frequencies of the document `config`: `rope_parameters.rope_theta` (transformers 5) or
/// `rope_theta` next to `rope_scaling` (transformers 4), 1e6 if neither is set, as in `MixtralConfig`. Unsupported
/// for any scaling or partial rotation; FormatError naming the field for a wrong type, a base outside (0, 1e18],
/// or two different bases.
double rope_theta(const json::Value& config, std::string_view where);

}  // namespace asterism::checkpoint

#if !defined(ASTERISM_COMPILED)
#include "asterism/checkpoint/huggingface/rope_config_impl.hpp"
#endif
