// `config.json` of a checkpoint as written by transformers 4 and 5: the Shape, and other fields that loading needs.
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

/// Parses a config.json; `where` names it in messages. Read are the architectures of model::architectures: `model_type`
/// "mixtral", "qwen3_moe", "llama", "mistral" and "qwen3_next". Fields without influence on inference are ignored.
/// Absent fields have the defaults of the architecture's class in transformers: a checkpoint that relies on them but
/// has other tensors is detected when its tensors are compared with the Shape. Fields of the Shape that mean nothing
/// for a model have their defaults, so that it equals a Blueprint's: `ffn` and `shared_ffn` without experts,
/// `dense_ffn` without dense layers, `delta_net` without linear ones. Throws FormatError naming the field for broken
/// JSON, a wrong type, a value out of range or sizes that contradict each other; Unsupported, listing what is
/// supported, for another model type, activation, rope scaling, bias or quantization, and for more than
/// LayerSet::max_layers layers. Thread-safe. Source: transformers 4.36 to 5.23, `MixtralConfig`, `Qwen3MoeConfig`,
/// `LlamaConfig`, `MistralConfig`, `Qwen3NextConfig`.
ModelConfig parse_model_config(std::string_view text, std::string_view where);

/// Reads `config.json` of a checkpoint's folder. FileError if it can't be read.
ModelConfig read_model_config(const std::string& folder);

}  // namespace asterism::checkpoint

#if !defined(ASTERISM_COMPILED)
#include "asterism/checkpoint/huggingface/model_config_impl.hpp"
#endif
