// The network in fp32 against Hugging Face's MixtralForCausalLM, from real files.
#include <cmath>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/generate/load.hpp"
#include "asterism/quant/float32.hpp"

#include "checkpoint/edited_checkpoint.hpp"
#include "support/golden.hpp"
#include "support/relative_difference.hpp"

using namespace asterism;

namespace {

struct Exact : Blueprint {
  static constexpr Limits limits{.context = 512, .batch = 1, .prefill_chunk = 48, .threads = 2};
  using Quantization = quant::Float32;
  using Embedding = quant::Float32;
  using Head = quant::Float32;
  using KvCache = attention::StaticKvCache<quant::Float32>;
};

}  // namespace

TEST_CASE("fp32 logits and greedy answers equal Hugging Face's") {
  for (const std::string name : {"plain", "one_kv_head", "window", "many_experts", "fused", "bf16", "odd_sizes",
                                 "demo", "bnb_experts", "bnb_fused", "bnb_router4"}) {
    CAPTURE(name);
    const test::Golden golden("expected/" + name + ".safetensors");
    const test::TemporaryFolder temporary;
    const auto model = load<Exact>(test::unrounded(name, temporary.path()));
    auto session = model.session();
    for (const int length : {1, 2, 7, 33, 64, 200}) {
      const std::string suffix = "_" + std::to_string(length);
      if (!golden.has("logits" + suffix)) continue;
      CAPTURE(length);
      const auto expected = golden.values<float>("logits" + suffix);
      std::vector<float> found = session.logits(golden.values<TokenId>("prompt" + suffix));
      found.erase(found.begin(), found.end() - static_cast<std::ptrdiff_t>(expected.size()));
      CHECK(test::relative_difference(found, expected) < 2e-4);
    }
    if (golden.has("greedy_tokens")) {
      const auto expected = golden.values<TokenId>("greedy_tokens");
      GenerateOptions options;
      options.max_tokens = static_cast<std::int32_t>(expected.size());
      options.stop_at_eos = false;
      CHECK(session.generate_tokens(golden.values<TokenId>("greedy_prompt"), options) == expected);
    }
  }
}
