// Where a GGUF file keeps each weight: names, rows and values as llama.cpp's converter leaves them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "asterism/checkpoint/gguf/gguf_store.hpp"
#include "asterism/checkpoint/huggingface/weight_location.hpp"
#include "asterism/core/config.hpp"
#include "asterism/model/weights.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism::checkpoint {

/// What files of one architecture may have in two ways.
struct GgufLayout {
  bool fused_gate_up = false;  ///< `ffn_gate_up_exps`: gate above up, in the place of two tensors
  bool grouped_qkvz =
      false;  ///< `ssm_in`: rows as in_proj_qkvz has them, in the place of `attn_qkv` and `attn_gate`
};

/// The layout of a file, by the tensors that are there.
GgufLayout gguf_layout(const GgufStore& store, const Shape& shape);

/// Where `id` is in a GGUF file of a model of `shape`; a tied head is the embedding. In files of llama's architecture
/// the rows of queries and keys stand in pairs that are rotated together: row 2 i + j of a head is its row i + j * half
/// the head's width. Norms and decay rates of Qwen3-Next have the values that are computed with. Source: llama.cpp,
/// convert_hf_to_gguf.py, `LlamaModel`, `Qwen3MoeModel`, `Qwen3NextModel`; gguf, `tensor_mapping.py`.
WeightLocation locate_in_gguf(const model::WeightId& id, const Shape& shape, GgufLayout layout);

/// The name of a weight's tensor without `blk.N.`; empty for a role that GGUF files of these models do not have.
std::string_view gguf_name(model::Role role, Architecture architecture, GgufLayout layout);

}  // namespace asterism::checkpoint

#if !defined(ASTERISM_COMPILED)
#include "asterism/checkpoint/gguf/weight_names_impl.hpp"
#endif
