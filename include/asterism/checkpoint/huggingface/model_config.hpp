// `config.json` of a Mixtral checkpoint as written by transformers 4 and 5: the Shape, and other fields that
// loading needs.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/checkpoint/huggingface/quantization_config.hpp"
#include "asterism/core/config.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism::checkpoint {

/// The content of config.json.
struct ModelConfig {
  Shape shape;
  std::vector<TokenId> eos;    ///< any of them ends the text; may be empty
  std::optional<TokenId> bos;  ///< prepended to the text
  std::optional<TokenId> pad;  ///< pads shorter sequences of a batch
  std::string dtype;           ///< "bfloat16", "float16", "float32", or empty if absent
  std::optional<QuantizationConfig> quantization;
  std::vector<std::string> assumed{};  ///< sizes absent from the file, with transformers' defaults
};

/// A line for errors that a missing size may have caused, listing the assumed ones. Empty if all are given.
std::string assumed_sizes(const ModelConfig& config);

/// Parses a config.json; `where` names it in messages. Fields without influence on inference are ignored. Absent
/// fields have the defaults of transformers' `MixtralConfig` (8x7B's sizes, 131072 positions, theta 1e6, epsilon
/// 1e-5, bos 1, eos 2): a checkpoint that relies on them but has other tensors is detected when its tensors are
/// compared with the Shape. Throws FormatError naming the field for broken JSON, a wrong type, a value out of
/// range or sizes that contradict each other; Unsupported, listing what is supported, for another model type,
/// activation, rope scaling, bias or quantization. Thread-safe.
/// Source: transformers 4.36 to 5.23, `MixtralConfig`.
ModelConfig parse_model_config(std::string_view text, std::string_view where);

/// Reads `config.json` of a checkpoint's folder. FileError if it can't be read.
ModelConfig read_model_config(const std::string& folder);

}  // namespace asterism::checkpoint

#if !defined(ASTERISM_COMPILED)
#include "asterism/checkpoint/huggingface/model_config_impl.hpp"
#endif
