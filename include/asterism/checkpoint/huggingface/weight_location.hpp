// Where the weights of a Mixtral checkpoint stand: names, and slices of fused tensors.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "asterism/checkpoint/fwd.hpp"
#include "asterism/core/config.hpp"
#include "asterism/model/weights.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism::checkpoint {

/// How a checkpoint stores its experts.
enum class ExpertLayout : std::uint8_t {
  separate,  ///< `block_sparse_moe.experts.E.w1.weight` (gate), w3 (up), w2 (down): what transformers writes
  fused  ///< `mlp.experts.gate_up_proj` (experts, 2 ffn, hidden), `mlp.experts.down_proj` (experts, hidden, ffn)
};

/// Fused where the first layer's fused tensor is there.
ExpertLayout expert_layout(const TensorStore& store);

/// A weight inside a checkpoint: elements [first, first + product of the weight's sizes) of the tensor `name`,
/// whose shape is `shape`.
struct WeightLocation {
  std::string name;
  std::vector<std::uint64_t> shape;
  std::uint64_t first = 0;
};

/// Where `id` stands in a checkpoint of `shape`. Source: transformers, `MixtralForCausalLM`.
WeightLocation locate(const model::WeightId& id, const Shape& shape, ExpertLayout layout);

}  // namespace asterism::checkpoint

#if !defined(ASTERISM_COMPILED)
#include "asterism/checkpoint/huggingface/weight_location_impl.hpp"
#endif
