// 4 bits end to end: products on packed planes against the reference with dequantized weights.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/generate/load.hpp"
#include "asterism/quant/float32.hpp"

#include "checkpoint/edited_checkpoint.hpp"
#include "support/golden.hpp"
#include "support/relative_difference.hpp"

using namespace asterism;

namespace {

template <class Q>
struct FourBit : Blueprint {
  static constexpr Limits limits{.context = 256, .batch = 1, .prefill_chunk = 64, .threads = 2};
  using Quantization = Q;
  using KvCache = attention::StaticKvCache<quant::Float32>;
};
using Nested = FourBit<quant::Nf4<64, quant::DoubleQuantized>>;
using Plain = FourBit<quant::Nf4<64>>;

std::string folder(const std::string& name) { return std::string(ASTERISM_GOLDEN_DIR) + "/models/" + name; }

template <class B>
void compare(const std::string& name) {
  CAPTURE(name);
  const test::Golden golden("expected/" + name + ".safetensors");
  const test::TemporaryFolder temporary;
  const auto model = load<B>(test::unrounded(name, temporary.path()));  // a router in 4 bits is decoded
  auto session = model.session();
  for (const std::string length : {"7", "33"}) {
    CAPTURE(length);
    const auto found = session.logits(golden.values<TokenId>("prompt_" + length));
    CHECK(test::relative_difference(found, golden.values<float>("logits_" + length)) < 2e-4);
  }
  GenerateOptions options;
  options.max_tokens = 64;
  options.stop_at_eos = false;
  CHECK(session.generate_tokens(golden.values<TokenId>("greedy_prompt"), options) ==
        golden.values<TokenId>("greedy_tokens"));
}

}  // namespace

TEST_CASE("checkpoints that bitsandbytes quantized answer as their dequantized weights do in Hugging Face") {
  compare<Nested>("bnb_experts");
  compare<Nested>("bnb_fused");
  compare<Plain>("bnb_router4");
  compare<Plain>("bnb_qwen3_moe");
  compare<Nested>("bnb_qwen3_moe_fused");
  compare<Nested>("bnb_llama");
  compare<Nested>("bnb_qwen3_next");
}

TEST_CASE("a 16-bit checkpoint quantized while loading equals one quantized by bitsandbytes") {
  const test::Golden golden("expected/demo.safetensors");
  const auto model = load<Nested>(folder("demo"));
  const auto found = model.session().logits(golden.values<TokenId>("prompt_33"));
  // bitsandbytes takes a neighbouring code for about 0.16 % of the nested scales, which moves logits by up to
  // 0.01.
  const auto expected = golden.values<float>("nf4_logits_33");
  REQUIRE(found.size() == expected.size());
  float most = 0;
  for (std::size_t i = 0; i < found.size(); ++i) most = std::max(most, std::fabs(found[i] - expected[i]));
  CHECK(most < 0.05F);
}

TEST_CASE("quantizing 4 bits again is refused") {
  CHECK_THROWS_AS(load<Plain>(folder("bnb_experts")), Unsupported);
  CHECK_THROWS_AS(load<Nested>(folder("bnb_router4")), Unsupported);
}
