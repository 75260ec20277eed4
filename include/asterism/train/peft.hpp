// Adapters of a trainer from and to PEFT's files.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "asterism/checkpoint/peft.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
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

/// Fills the adapters of a trainer from a folder of PEFT's. Throws as checkpoint::read_peft_config and read_peft do;
/// InvalidArgument where rank or scale are not those of the recipe.
template <class TrainerType>
void load_adapters(const std::string& folder, TrainerType& trainer) {
  const checkpoint::PeftConfig config = checkpoint::read_peft_config(folder);
  const Adapters& wanted = TrainerType::Recipe::adapters;
  for (const std::int32_t rank : {wanted.attention, wanted.experts}) {
    if (rank == 0 || (rank == config.rank && wanted.alpha == config.alpha &&
                      wanted.rank_stabilised == config.rank_stabilised)) {
      continue;
    }
    throw InvalidArgument(concat(folder, ": the adapter has rank ", config.rank, " and alpha ", config.alpha,
                                 config.rank_stabilised ? ", rank-stabilised" : "", "; the recipe's has rank ",
                                 rank, " and alpha ", wanted.alpha,
                                 wanted.rank_stabilised ? ", rank-stabilised" : ""));
  }
  checkpoint::read_peft(folder, peft_tensors(trainer.parameters()));
}

/// What PEFT's configuration says of the adapters of a trainer that learn beside the model `base`. InvalidArgument
/// where attention and experts have adapters of unlike ranks.
template <class TrainerType>
checkpoint::PeftConfig peft_config(const TrainerType& trainer, const std::string& base) {
  const Adapters& adapters = TrainerType::Recipe::adapters;
  if (adapters.attention > 0 && adapters.experts > 0 && adapters.attention != adapters.experts) {
    throw InvalidArgument(concat("adapters of rank ", adapters.attention, " at attention and of rank ",
                                 adapters.experts, " at experts: PEFT's files here have one rank"));
  }
  checkpoint::PeftConfig config{.rank = adapters.widest(),
                                .alpha = adapters.alpha,
                                .rank_stabilised = adapters.rank_stabilised,
                                .base = base};
  for (const Parameter& parameter : trainer.parameters()) {
    // "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight": the module's last name.
    const std::string module = parameter.name.substr(0, parameter.name.rfind(".lora_"));
    const std::string last = module.substr(module.rfind('.') + 1);
    if (std::find(config.targets.begin(), config.targets.end(), last) == config.targets.end())
      config.targets.push_back(last);
  }
  return config;
}

/// Writes the adapters of a trainer as PEFT's files, which `PeftModel.from_pretrained` loads beside the model `base`
/// (adapter_config.json names it): transformers 4 as they are, transformers 5 by PEFT's conversion. InvalidArgument as
/// peft_config, FileError where the disk refuses.
template <class TrainerType>
void save_adapters(const TrainerType& trainer, const std::string& base, const std::string& folder) {
  checkpoint::write_peft(folder, peft_config(trainer, base), peft_tensors(trainer.parameters()));
}

}  // namespace asterism::train
