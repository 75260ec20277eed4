// Int8 and Int4 end to end: models that are encoded while they load.
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/generate/load.hpp"
#include "asterism/quant/float32.hpp"
#include "asterism/quant/group_int.hpp"
#include "asterism/quant/least_squares.hpp"
#include "asterism/simd/level.hpp"

#include "support/decoded.hpp"
#include "support/golden.hpp"
#include "support/relative_difference.hpp"

using namespace asterism;

namespace {

using Four = quant::Int4<32, quant::SignedLeastSquares>;
using Eight = quant::Int8<>;

template <class Weights, class Ends>
struct Model : Blueprint {
  static constexpr Limits limits{.context = 96, .batch = 1, .prefill_chunk = 16, .threads = 2};
  using Quantization = Weights;
  using KvCache = attention::StaticKvCache<quant::Float32>;  // float16 would make small differences large
  using Embedding = Ends;
  using Head = Ends;
};
using MatrixRef = Model<Four, Eight>;
using Unpacked = Model<test::Decoded<Four>, test::Decoded<Eight>>;

std::string folder(const std::string& name) { return std::string(ASTERISM_GOLDEN_DIR) + "/models/" + name; }

}  // namespace

TEST_CASE(
    "a model in Int4 and Int8 answers what its decoded weights do, to the bit where sums have the same order") {
  for (const std::string name : {"demo", "odd_sizes"}) {
    CAPTURE(name);
    const auto prompt = test::Golden("expected/" + name + ".safetensors").values<TokenId>("prompt_33");
    const auto packed = load<MatrixRef>(folder(name));
    const auto unpacked = load<Unpacked>(folder(name));
    auto session = packed.session();
    auto expected = unpacked.session();
    const std::vector<float> found = session.logits(prompt);
    const std::vector<float> decoded = expected.logits(prompt);
    CHECK(test::relative_difference(found, decoded) < 1e-5);
    if (!simd::contains(simd::level(), simd::Level::avx512))
      CHECK(found == decoded);  // which sums up scales by scales
    GenerateOptions options;
    options.max_tokens = 40;
    options.stop_at_eos = false;
    const std::vector<TokenId> tokens = session.generate_tokens(prompt, options);
    CHECK(tokens.size() == 40);
    CHECK(tokens == expected.generate_tokens(prompt, options));
  }
}

TEST_CASE("a checkpoint in 4 bits is not quantized again") {
  CHECK_THROWS_WITH_AS(load<MatrixRef>(folder("bnb_experts")),
                       doctest::Contains("the Blueprint asks for int4 group 32"), Unsupported);
}
