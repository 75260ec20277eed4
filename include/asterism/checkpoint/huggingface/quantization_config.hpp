// `quantization_config` of config.json: a quantized checkpoint's description of itself.
#pragma once

#include <string>
#include <vector>

namespace asterism::checkpoint {

/// `quantization_config` of a bitsandbytes 4-bit checkpoint. Only for reports: the tensors themselves show which
/// of them are in 4 bits. Source: transformers, `BitsAndBytesConfig`.
struct QuantizationConfig {
  std::string quant_type = "fp4";            ///< "nf4" or "fp4"
  bool double_quantized = false;             ///< the scales are quantized too
  std::string compute_dtype = "float32";     ///< of the products in the reference implementation
  std::vector<std::string> skipped_modules;  ///< modules left in full precision
};

}  // namespace asterism::checkpoint
