// Bodies of parse_quantization_config.hpp.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/checkpoint/huggingface/parse_quantization_config.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/json/fields.hpp"
#include "asterism/json/json.hpp"

namespace asterism::checkpoint {

ASTERISM_INLINE std::optional<QuantizationConfig> parse_quantization_config(const json::Value& config,
                                                                            std::string_view where) {
  const json::Value* field = json::optional_object(config, "quantization_config", where);
  if (field == nullptr) return std::nullopt;
  const std::string inside = concat(where, ": quantization_config");
  // Early releases did not write the method.
  const std::string method = json::optional_string(*field, "quant_method", inside).value_or("bitsandbytes");
  if (method != "bitsandbytes") {
    throw Unsupported(concat(inside, ": field 'quant_method' is '", printable(method),
                             "'; supported is 'bitsandbytes' in 4 bits"));
  }
  if (!json::optional_bool(*field, "load_in_4bit", inside).value_or(false)) {
    throw Unsupported(concat(inside, ": field 'load_in_4bit' is not true; supported is bitsandbytes in 4 bits"));
  }
  QuantizationConfig out;
  out.quant_type = json::optional_string(*field, "bnb_4bit_quant_type", inside).value_or("fp4");
  if (out.quant_type != "nf4" && out.quant_type != "fp4") {
    throw Unsupported(concat(inside, ": field 'bnb_4bit_quant_type' is '", printable(out.quant_type),
                             "'; supported are 'nf4' and 'fp4'"));
  }
  out.double_quantized = json::optional_bool(*field, "bnb_4bit_use_double_quant", inside).value_or(false);
  out.compute_dtype = json::optional_string(*field, "bnb_4bit_compute_dtype", inside).value_or("float32");
  if (const json::Value* modules = json::optional_array(*field, "llm_int8_skip_modules", inside);
      modules != nullptr) {
    for (const json::Value& name : *modules)
      out.skipped_modules.push_back(json::to_text(name, "llm_int8_skip_modules", inside));
  }
  return out;
}

}  // namespace asterism::checkpoint
