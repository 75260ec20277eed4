// A small model that learns, for tests: its Blueprint, recipes and data.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "asterism/core/random.hpp"
#include "asterism/train/checkpoint.hpp"
#include "asterism/train/data/examples.hpp"
#include "asterism/train/data/packing.hpp"
#include "asterism/train/trainer.hpp"

namespace asterism::test {

struct Exact : Blueprint {
  using Quantization = quant::Float32;
  using Embedding = quant::Float32;
  using Head = quant::Float32;
  static constexpr Limits limits{.context = 128, .prefill_chunk = 16, .threads = 2};
};

template <class Recomputed = train::recompute::Nothing>
struct Short : train::Recipe {
  using Recompute = Recomputed;
  static constexpr train::AdamW optimizer{.rate = 3e-3F};
  static constexpr train::LinearFall schedule{.warm_up = 3};
  static constexpr std::int32_t batch = 4, sequence = 24;
};

/// The folder of a small checkpoint.
inline std::string checkpoint_folder(const std::string& name = "plain") {
  return std::string(ASTERISM_GOLDEN_DIR) + "/models/" + name;
}

/// A trainer with its weights.
template <class R = Short<>>
train::Trainer<Exact, R> trained(std::int32_t threads = 2, const std::string& name = "plain") {
  Limits limits = Exact::limits;
  limits.threads = threads;
  train::Trainer<Exact, R> trainer(generate::read_config(checkpoint_folder(name)).shape, 64_MiB, limits);
  train::load_weights(checkpoint_folder(name), trainer);
  return trainer;
}

/// Strings of random tokens, each twice: the second time counts.
inline train::Examples copies(std::size_t count, TokenId vocabulary, std::uint64_t seed = 1) {
  Random random(seed);
  train::Examples out;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t length = 3 + random.below(8);
    std::vector<TokenId> ids;
    for (std::size_t t = 0; t < length; ++t)
      ids.push_back(static_cast<TokenId>(random.below(static_cast<std::uint64_t>(vocabulary))));
    ids.insert(ids.end(), ids.begin(), ids.end());
    std::vector<std::uint8_t> counts(2 * length, 0);
    for (std::size_t t = length - 1; t + 1 < 2 * length; ++t) counts[t] = 1;
    out.add({ids, counts});
  }
  return out;
}

/// All weights, one behind the other.
template <class TrainerType>
std::vector<float> all_weights(const TrainerType& trainer) {
  std::vector<float> out;
  for (const train::Parameter& parameter : trainer.parameters())
    out.insert(out.end(), parameter.values().begin(), parameter.values().end());
  return out;
}

}  // namespace asterism::test
