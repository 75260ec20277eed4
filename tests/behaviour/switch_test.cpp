// Decoders of Switch layers in fp32 against Hugging Face's modules; in 4 bits they are written, read back and planned.
#include "asterism/gating/switch.hpp"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/expert/relu.hpp"
#include "asterism/generate/load.hpp"
#include "asterism/machine/machine.hpp"

#include "behaviour/against_transformers.hpp"
#include "support/files.hpp"

using namespace asterism;

namespace {

struct ExactSwitch : test::ExactScores {
  using Gating = gating::Switch;
  template <class Q>
  using Expert = expert::Relu<Q>;
};

const std::string names[] = {"switch_plain", "switch_tied_bf16", "switch_wide_heads"};

}  // namespace

TEST_CASE("fp32 logits and greedy answers equal those of Hugging Face's modules") {
  for (const std::string& name : names) test::check_logits_and_answer<ExactSwitch>(name, 2e-4);
}

TEST_CASE("the residual stream and the routers' choices after every layer are theirs") {
  for (const std::string& name : names) test::check_layers<ExactSwitch>(name, 2e-4);
}

TEST_CASE("arenas hold what the plan says, and no more") {
  for (const std::string& name : names) {
    CAPTURE(name);
    const auto model = load<ExactSwitch>(test::golden_model(name), {.machine = equal_devices(1, 64_MiB)});
    auto session = model.session();
    session.generate_tokens(std::vector<TokenId>{1, 5, 9}, {.max_tokens = 8});
    CHECK(model.devices()[0]->arena().high_water() == model.plan().peak(0));
  }
}

TEST_CASE("a Blueprint with other experts is refused by name, before a weight is read") {
  test::check_error<Unsupported>([] { plan_load<test::ExactScores>(test::golden_model("switch_plain")); },
                                 {"switch_decoder", "two matrices", "expert::Relu"});
  test::check_error<Unsupported>([] { plan_load<ExactSwitch>(test::golden_model("plain")); },
                                 {"mixtral", "gated", "expert::SwiGlu"});
}
