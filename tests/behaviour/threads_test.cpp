// The same bits for any number of threads, and for any cut of a prompt into chunks.
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/generate/load.hpp"

#include "support/golden.hpp"

using namespace asterism;

namespace {

struct MatrixRef : Blueprint {
  static constexpr Limits limits{.context = 256, .batch = 1, .prefill_chunk = 200, .threads = 8};
};

const std::string folder = std::string(ASTERISM_GOLDEN_DIR) + "/models/demo";

std::vector<float> logits(const LoadOptions& options, const std::vector<TokenId>& prompt) {
  const auto model = load<MatrixRef>(folder, options);
  return model.session().logits(prompt);
}

}  // namespace

TEST_CASE("logits have the same bits for any number of threads and any chunk") {
  const auto prompt = test::Golden("expected/demo.safetensors").values<TokenId>("prompt_200");
  LoadOptions options;
  options.limits = Limits{.context = 256, .batch = 1, .prefill_chunk = 200, .threads = 1};
  const std::vector<float> alone = logits(options, prompt);
  REQUIRE(alone.size() == prompt.size() * 700);
  for (const std::int32_t threads : {2, 3, 8}) {
    CAPTURE(threads);
    options.limits->threads = threads;
    CHECK(logits(options, prompt) == alone);
  }
  for (const std::int32_t chunk : {1, 7, 64}) {
    CAPTURE(chunk);
    options.limits->threads = 2;
    options.limits->prefill_chunk = chunk;
    CHECK(logits(options, prompt) == alone);
  }
}
