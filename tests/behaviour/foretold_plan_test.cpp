// Bytes that are foretold by a model's sizes alone are those of the arenas of the model that is loaded then.
#include <cstddef>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/checkpoint/huggingface/model_config.hpp"
#include "asterism/engine/sequence.hpp"
#include "asterism/generate/load.hpp"
#include "asterism/generate/session.hpp"
#include "asterism/lab/planned_variant.hpp"
#include "asterism/machine/machine.hpp"
#include "asterism/model/blueprint.hpp"
#include "asterism/placement/plan.hpp"
#include "asterism/placement/report.hpp"
#include "asterism/quant/group_int.hpp"

#include "support/golden.hpp"

using namespace asterism;

namespace {

template <class Format>
struct Two : Blueprint {
  static constexpr Limits limits{.context = 64, .batch = 1, .prefill_chunk = 16, .threads = 2};
  using Quantization = Format;
  using Backend = backend::HostA8;
};

/// Plans by config.json alone, loads under exactly the bytes foretold, answers, and compares.
template <class B>
void check_arenas(const std::string& folder) {
  CAPTURE(folder);
  static constexpr lab::PlannedVariant variant = lab::planned_variant<B>("two");
  const Shape shape = checkpoint::read_model_config(folder).shape;
  const Machine machine =
      placement::smallest_equal_budgets<typename B::Placement>(variant.memory_footprint(shape, B::limits), 2, 0);
  const placement::Plan foretold = variant.plan(machine, shape, B::limits);
  REQUIRE(foretold.fits());
  Machine exact = machine;
  for (std::size_t d = 0; d < 2; ++d) exact.capacity[d] = foretold.peak(d);
  const auto model = load<B>(folder, {.machine = exact});
  auto session = model.session();
  const std::vector<TokenId> prompt = {1, 2, 3};
  session.generate_tokens(prompt, {.temperature = 0, .max_tokens = 4, .stop_at_eos = false});
  for (std::size_t d = 0; d < 2; ++d) {
    CHECK(foretold.peak(d) > Bytes{0});
    CHECK(model.devices()[d]->arena().high_water() == foretold.peak(d));
  }
}

}  // namespace

TEST_CASE("what a configuration foretells is what a loaded model holds, to the byte") {
  using Nf4 = Two<quant::Nf4<64, quant::DoubleQuantized>>;
  const std::string models = std::string(ASTERISM_GOLDEN_DIR) + "/models/";
  check_arenas<Nf4>(std::string(ASTERISM_SOURCE_DIR) + "/examples/small_mixtral/checkpoint");
  for (const char* const model : {"plain", "qwen3_moe_plain", "llama_plain", "qwen3_next_plain"}) {
    check_arenas<Nf4>(models + model);
    check_arenas<Two<quant::Int8<32>>>(models + model);
    check_arenas<Two<quant::BFloat16>>(models + model);
  }
}
