// Reads `quantization_config` of config.json.
#pragma once

#include <optional>
#include <string_view>

#include "asterism/checkpoint/huggingface/quantization_config.hpp"
#include "asterism/core/config.hpp"
#include "asterism/json/fwd.hpp"

namespace asterism::checkpoint {

/// The field `quantization_config` of the document `config`; nothing if it is absent or null. Unsupported for
/// anything but bitsandbytes in 4 bits; FormatError for a wrong type.
std::optional<QuantizationConfig> parse_quantization_config(const json::Value& config, std::string_view where);

}  // namespace asterism::checkpoint

#if !defined(ASTERISM_COMPILED)
#include "asterism/checkpoint/huggingface/parse_quantization_config_impl.hpp"
#endif
