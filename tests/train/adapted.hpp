// Recipes with adapters, and the batches that PyTorch had, for tests.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "asterism/train/peft.hpp"

#include "support/golden.hpp"
#include "trained.hpp"

namespace asterism::test {

template <std::int32_t Attention = 3, std::int32_t Experts = 3, bool Router = false, std::int32_t Alpha = 6>
struct Adapted : train::Recipe {
  static constexpr train::Adapters adapters{
      .attention = Attention, .experts = Experts, .alpha = Alpha, .router = Router};
  static constexpr train::AdamW optimizer{.rate = 1e-2F};
  static constexpr train::Constant schedule{};
  static constexpr train::Losses losses{.balance = 0};
  static constexpr std::int32_t batch = 4, sequence = 70;
};

/// The batch of a golden file.
struct GoldenBatch {
  explicit GoldenBatch(const Golden& golden)
      : tokens(golden.values<TokenId>("tokens")),
        targets(golden.values<TokenId>("targets")),
        weights(golden.values<float>("weights")) {
    for (const std::int32_t end : golden.values<std::int32_t>("ends"))
      ends.push_back(static_cast<std::uint32_t>(end));
  }
  train::Batch view() const { return {tokens, ends, targets, weights}; }

  std::vector<TokenId> tokens;
  std::vector<std::uint32_t> ends;
  std::vector<TokenId> targets;
  std::vector<float> weights;
};

/// A trainer with the weights of a small checkpoint, and adapters that are new.
template <class B, class R>
train::Trainer<B, R> trainer_of(const std::string& name) {
  const std::string base = checkpoint_folder(name);
  train::Trainer<B, R> trainer(generate::read_config(base).shape, 1_GiB);
  train::load_weights(base, trainer);
  trainer.reset_adapters(1);
  return trainer;
}

}  // namespace asterism::test
