// `config.json` of a Mixtral checkpoint as transformers 4 and 5 write it: the Shape, and what else loading needs.
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

/// What config.json says.
struct ModelConfig {
  Shape shape;
  std::vector<TokenId> eos;    ///< any of them ends the text; may be empty
  std::optional<TokenId> bos;  ///< put before the text
  std::optional<TokenId> pad;  ///< fills shorter sequences of a batch
  std::string dtype;           ///< "bfloat16", "float16", "float32", or empty where not said
  std::optional<QuantizationConfig> quantization;
  std::vector<std::string> assumed{};  ///< sizes that the file does not give, with transformers' defaults
};

/// A line for errors that a missing size may be the cause of: which were assumed. Empty where all are given.
std::string assumed_sizes(const ModelConfig& config);

/// Reads the text of a config.json; `where` names it in messages. Fields without influence on inference are
/// ignored. Absent fields have the defaults of transformers' `MixtralConfig` (8x7B's sizes, 131072 positions,
/// theta 1e6, epsilon 1e-5, bos 1, eos 2), as transformers has them: a checkpoint that relies on them and has
/// other tensors is found when its tensors are compared with the Shape. Throws FormatError naming the field for
/// broken JSON, a wrong type, a value outside its range or sizes that contradict one another; Unsupported, listing
/// what is supported, for another model type, activation, rope scaling, bias or quantization. Thread-safe. Source:
/// transformers 4.36 to 5.23, `MixtralConfig`.
ModelConfig parse_model_config(std::string_view text, std::string_view where);

/// Reads `config.json` of a checkpoint's folder. FileError when it can't be read.
ModelConfig read_model_config(const std::string& folder);

}  // namespace asterism::checkpoint

#if !defined(ASTERISM_COMPILED)
#include "asterism/checkpoint/huggingface/model_config_impl.hpp"
#endif
