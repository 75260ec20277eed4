// What a token costs, counted.
#include "asterism/shape/token_work.hpp"

#include <doctest/doctest.h>

#include "asterism/core/layer_set.hpp"
#include "asterism/shape/catalogue.hpp"

using namespace asterism;

namespace {

constexpr LayerSet all(const Shape& shape) { return LayerSet::range(0, shape.layers); }

// Mixtral 8x7B: query and output 4096 x 4096, key and value 1024 x 4096, a router of 8 rows, two experts.
constexpr double mixtral_layer = 2.0 * 4096 * 4096 + 2.0 * 1024 * 4096 + 8.0 * 4096 + 2.0 * 3 * 4096 * 14336;
static_assert(token_weights(shapes::mixtral_8x7b, all(shapes::mixtral_8x7b)) == 32 * mixtral_layer);
static_assert(token_weights(shapes::mixtral_8x7b, LayerSet::range(3, 5)) == 2 * mixtral_layer);
static_assert(token_weights(shapes::mixtral_8x7b, LayerSet{}) == 0);

// All of a dense model but embedding, head and norms.
static_assert(token_weights(shapes::mistral_7b, all(shapes::mistral_7b)) ==
              7'241'732'096.0 - 2.0 * 32000 * 4096 - 65 * 4096.0);

static_assert(state_elements(shapes::mixtral_8x7b, all(shapes::mixtral_8x7b)) == 0);
static_assert(state_elements(shapes::qwen3_next_80b_a3b, all(shapes::qwen3_next_80b_a3b)) ==
              36 * 32.0 * 128 * 128);
static_assert(state_elements(shapes::qwen3_next_80b_a3b, LayerSet::range(3, 4)) == 0);

// Position after position, each with all before it and itself.
constexpr double counted(double rows) {
  double sum = 0;
  for (int row = 0; row < rows; ++row) {
    for (int other = 0; other <= row; ++other) sum += 32 * 32 * 128 * 4.0;
  }
  return sum;
}
static_assert(attention_operations(shapes::mixtral_8x7b, all(shapes::mixtral_8x7b), 5) == counted(5));
static_assert(attention_operations(shapes::qwen3_next_80b_a3b, LayerSet::range(0, 3), 5) == 0);

}  // namespace

TEST_CASE("an active parameter is a weight that a token meets") {
  // 12.9 G of Mixtral's are active, by its paper: those and embedding and head.
  const double active = token_weights(shapes::mixtral_8x7b, all(shapes::mixtral_8x7b)) + 2.0 * 32000 * 4096;
  CHECK(active / 1e9 == doctest::Approx(12.9).epsilon(0.005));
  const double qwen = token_weights(shapes::qwen3_30b_a3b, all(shapes::qwen3_30b_a3b)) + 2.0 * 151936 * 2048;
  CHECK(qwen / 1e9 == doctest::Approx(3.3).epsilon(0.02));  // by its report
}
