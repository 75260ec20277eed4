// adapter_config.json of Hugging Face's PEFT: which matrices have an adapter, of which rank and scale.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/core/config.hpp"

namespace asterism::checkpoint {

/// What adapter_config.json says that the toolkit computes. A module is named as the base's tensors are, without
/// ".weight": "model.layers.0.self_attn.q_proj", or "model.layers.0.mlp.experts.gate_up_proj" for all experts' matrices
/// in one.
struct PeftConfig {
  std::int32_t rank = 0;
  float alpha = 0;
  bool rank_stabilised = false;
  std::string base{};                           ///< base_model_name_or_path
  std::vector<std::string> targets{};           ///< target_modules
  std::vector<std::string> whole{};             ///< modules_to_save: routers
  std::map<std::string, std::int32_t> ranks{};  ///< rank_pattern: of the modules that a regular expression matches
  std::map<std::string, float> alphas{};        ///< alpha_pattern

  /// Of a module's adapter. Unsupported, by name, where several patterns match and differ, or one is more than letters,
  /// escaped signs, `.`, `\d`, `*`, `+` and `^`. Source: PEFT 0.21, `get_pattern_key`.
  std::int32_t rank_of(std::string_view module) const;
  float alpha_of(std::string_view module) const;
  /// alpha / rank, or alpha / sqrt(rank).
  float scale(std::int32_t of_rank, float of_alpha) const;
};

/// Reads adapter_config.json of a folder. FileError, FormatError on a broken one; Unsupported, by name, for what is no
/// plain LoRA: another peft_type, use_dora, bias, modules_to_save but for routers, lora_bias, layers_to_transform,
/// target_parameters but for those of fused experts. Source: PEFT 0.21, `LoraConfig`.
PeftConfig read_peft_config(const std::string& folder);

}  // namespace asterism::checkpoint

#if !defined(ASTERISM_COMPILED)
#include "asterism/checkpoint/peft_config_impl.hpp"
#endif
