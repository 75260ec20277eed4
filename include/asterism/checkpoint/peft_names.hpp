// Names of tensors in the files of Hugging Face's PEFT.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "asterism/core/config.hpp"

namespace asterism::checkpoint {

/// "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight" for the tensor
/// "model.layers.0.self_attn.q_proj.weight" and "lora_A".
std::string peft_name(std::string_view tensor, std::string_view half);

/// "base_model.model.model.layers.0.mlp.gate.weight" for a tensor that an adapter's file has whole, in the place of the
/// base's, under the name of transformers 5: PEFT converts no such tensors.
std::string peft_whole_name(std::string_view tensor);

namespace detail {

inline constexpr std::string_view peft_prefix = "base_model.model.";
inline constexpr std::string_view weight_suffix = ".weight";
inline constexpr std::string_view old_experts = ".block_sparse_moe.";  // transformers 4's Mixtral
inline constexpr std::string_view new_experts = ".mlp.";

/// Which matrix of which expert a tensor is.
struct ExpertMatrix {
  std::string experts;  ///< "model.layers.0.mlp.experts"
  std::uint64_t expert = 0;
  std::optional<std::int32_t> half{};  ///< of gate and up; none: down
};

/// "model.layers.0.block_sparse_moe.experts.3.w1.weight" and the like; nothing for other tensors.
std::optional<ExpertMatrix> expert_matrix(std::string_view tensor);
/// `name` with `to` in the place of the first `from`, if there is one.
std::string renamed(std::string name, std::string_view from, std::string_view to);
/// Less ".weight" at the end.
std::string_view without_weight(std::string_view tensor);

}  // namespace detail

}  // namespace asterism::checkpoint

#if !defined(ASTERISM_COMPILED)
#include "asterism/checkpoint/peft_names_impl.hpp"
#endif
