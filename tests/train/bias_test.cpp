// The bias of a gating that balances without a loss.
#include "asterism/train/bias.hpp"

#include <vector>

#include <doctest/doctest.h>

using namespace asterism;

namespace {

train::Parameter parameter_of(std::vector<float>& bias, std::vector<float>& load) {
  return {.name = "bias",
          .weights = {bias.data(), 1, bias.size()},
          .gradient = {load.data(), 1, load.size()},
          .decays = false,
          .kind = train::Kind::bias};
}

}  // namespace

TEST_CASE("it rises for those below the mean, falls for those above, and keeps the mean 0") {
  std::vector<float> bias(4);
  std::vector<float> load{10, 2, 6, 6};
  train::follow_load(parameter_of(bias, load), 0.5F);
  CHECK(bias == std::vector<float>{-0.5F, 0.5F, 0, 0});
  load = {9, 1, 1, 1};  // mean 3: one falls, three rise, and all are shifted
  bias.assign(4, 0);
  train::follow_load(parameter_of(bias, load), 0.5F);
  CHECK(bias == std::vector<float>{-0.75F, 0.25F, 0.25F, 0.25F});
  load.assign(4, 0);
  train::follow_load(parameter_of(bias, load), 0.5F);
  CHECK(bias == std::vector<float>{-0.75F, 0.25F, 0.25F, 0.25F});
  load = {5, 1, 1, 1};
  train::follow_load(parameter_of(bias, load), 0);
  CHECK(bias == std::vector<float>{-0.75F, 0.25F, 0.25F, 0.25F});
}
