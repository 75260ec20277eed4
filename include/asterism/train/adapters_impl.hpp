// Bodies of adapters.hpp.
#pragma once

#include <cmath>

#include "asterism/train/adapters.hpp"

namespace asterism::train {

ASTERISM_INLINE float Adapters::scale(std::int32_t rank) const {
  const auto of_rank = static_cast<double>(rank);
  return static_cast<float>(static_cast<double>(alpha) / (rank_stabilised ? std::sqrt(of_rank) : of_rank));
}

ASTERISM_INLINE expert::LowRank& AdapterSet::slot(const model::WeightId& weight) {
  using model::Role;
  AdapterLayer& layer = layers_[static_cast<std::size_t>(weight.layer)];
  if (weight.role == Role::query) return layer.query;
  if (weight.role == Role::key) return layer.key;
  if (weight.role == Role::value) return layer.value;
  if (weight.role == Role::output) return layer.output;
  AdapterLayer::OfExpert& expert = layer.experts[static_cast<std::size_t>(weight.expert)];
  if (weight.role == Role::gate) return expert.gate;
  return weight.role == Role::up ? expert.up : expert.down;
}

}  // namespace asterism::train
