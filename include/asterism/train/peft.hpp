// Adapters of a trainer from and to PEFT's files.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "asterism/checkpoint/peft.hpp"
#include "asterism/core/view.hpp"
#include "asterism/train/adapters.hpp"
#include "asterism/train/parameter.hpp"

namespace asterism::train {

/// The matrices of adapters under PEFT's names.
inline std::vector<checkpoint::PeftTensor> peft_tensors(View<const Parameter> parameters) {
  std::vector<checkpoint::PeftTensor> out;
  for (const Parameter& parameter : parameters)
    out.push_back({.name = parameter.name, .values = parameter.weights});
  return out;
}

/// What PEFT's configuration says of the adapters of a trainer that learn beside the model `base`. Where attention and
/// experts have adapters of unlike ranks, it has those of attention by name.
template <class TrainerType>
checkpoint::PeftConfig peft_config(const TrainerType& trainer, const std::string& base) {
  const Adapters& adapters = TrainerType::Recipe::adapters;
  checkpoint::PeftConfig config{.rank = adapters.experts > 0 ? adapters.experts : adapters.attention,
                                .alpha = adapters.alpha,
                                .rank_stabilised = adapters.rank_stabilised,
                                .base = base};
  for (const Parameter& parameter : trainer.parameters()) {
    // "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight": the module's last name.
    const bool is_whole = parameter.kind == Kind::router;
    const std::string module = parameter.name.substr(0, parameter.name.rfind(is_whole ? ".weight" : ".lora_"));
    const std::string last = module.substr(module.rfind('.') + 1);
    std::vector<std::string>& names = is_whole ? config.whole : config.targets;
    if (std::find(names.begin(), names.end(), last) == names.end()) names.push_back(last);
    if (!parameter.name.ends_with(".lora_A.weight")) continue;
    const auto rank = static_cast<std::int32_t>(parameter.weights.rows);
    if (rank != config.rank) config.ranks[last] = rank;
  }
  return config;
}

/// Fills the adapters of a trainer, and the routers that learn beside them, from a folder of PEFT's. Throws as
/// checkpoint::read_peft does: InvalidArgument where ranks or scales are not those of the recipe.
template <class TrainerType>
void load_adapters(const std::string& folder, TrainerType& trainer) {
  checkpoint::read_peft(folder, peft_config(trainer, ""), peft_tensors(trainer.parameters()));
}

/// Writes the adapters of a trainer as PEFT's files, which `PeftModel.from_pretrained` loads beside the model `base`
/// (adapter_config.json names it): transformers 4 as they are, transformers 5 by PEFT's conversion; routers under
/// the names of transformers 5. FileError where the disk refuses.
template <class TrainerType>
void save_adapters(const TrainerType& trainer, const std::string& base, const std::string& folder) {
  checkpoint::write_peft(folder, peft_config(trainer, base), peft_tensors(trainer.parameters()));
}

}  // namespace asterism::train
