// Published shapes: their parameter counts are the published ones.
#include "asterism/shape/catalogue.hpp"

#include <cstdint>

#include <doctest/doctest.h>

using namespace asterism;

namespace {

constexpr std::int64_t parameters(const Shape& s) {
  const std::int64_t hidden = s.hidden;
  const std::int64_t attention = hidden * s.query_rows() + hidden * s.query_width() + 2 * hidden * s.kv_width() +
                                 (s.qk_norm ? 2 * s.head_dim : 0);
  const DeltaNetSizes& d = s.delta_net;
  const std::int64_t linear = hidden * (d.channels() + 2 * d.values() + 2 * d.value_heads) +
                              std::int64_t{d.channels()} * d.kernel + 2 * d.value_heads + d.value_width;
  const std::int64_t norms = 2 * hidden;
  const std::int64_t shared = 3 * hidden * s.shared_ffn + (s.shared_ffn > 0 ? hidden : 0);
  const std::int64_t matrices = s.architecture == Architecture::switch_decoder ? 2 : 3;
  const std::int64_t sparse = matrices * s.experts * s.ffn * hidden + s.experts * hidden + shared;
  const std::int64_t dense = 3 * hidden * s.dense_ffn;
  const std::int64_t embedding = hidden * s.vocabulary;
  return s.attention_layers().size() * attention + s.linear_layers.size() * linear + s.layers * norms +
         s.sparse_layers().size() * sparse + s.dense_layers.size() * dense +
         embedding * (s.tied_head ? 1 : 2) + hidden;
}

constexpr bool consistent(const Shape& s) {
  const bool routes = s.sparse_layers().empty() ? s.experts == 0 : s.top_k >= 1 && s.top_k <= s.experts;
  return s.heads % s.kv_heads == 0 && s.head_dim % 2 == 0 && routes && s.layers >= 1 &&
         (s.dense_layers - LayerSet::range(0, s.layers)).empty();
}

static_assert(parameters(shapes::qwen3_30b_a3b) == 30'532'122'624);
static_assert(consistent(shapes::qwen3_30b_a3b));
static_assert(parameters(shapes::qwen3_235b_a22b) == 235'093'634'560);
static_assert(consistent(shapes::qwen3_235b_a22b));
static_assert(parameters(shapes::qwen3_next_80b_a3b) == 79'674'391'296);
static_assert(consistent(shapes::qwen3_next_80b_a3b));
static_assert(shapes::qwen3_next_80b_a3b.linear_layers.size() == 36);
static_assert(!shapes::qwen3_next_80b_a3b.linear_layers.contains(3) &&
              shapes::qwen3_next_80b_a3b.linear_layers.contains(46) &&
              !shapes::qwen3_next_80b_a3b.linear_layers.contains(47));
static_assert(parameters(shapes::llama3_8b) == 8'030'261'248);
static_assert(consistent(shapes::llama3_8b));
static_assert(parameters(shapes::llama3_70b) == 70'553'706'496);
static_assert(consistent(shapes::llama3_70b));
static_assert(parameters(shapes::mistral_7b) == 7'241'732'096);
static_assert(consistent(shapes::mistral_7b));
static_assert(parameters(shapes::mixtral_8x7b) == 46'702'792'704);
static_assert(consistent(shapes::mixtral_8x7b));
static_assert(parameters(shapes::mixtral_8x22b) == 140'620'634'112);
static_assert(consistent(shapes::mixtral_8x22b));
static_assert(parameters(shapes::switch_140m) == 139'753'984);
static_assert(consistent(shapes::switch_140m));

}  // namespace

TEST_CASE("Mixtral 8x7B is what its config.json says") {
  constexpr Shape s = shapes::mixtral_8x7b;
  CHECK(s.architecture == Architecture::mixtral);
  CHECK(s.query_width() == 4096);
  CHECK(s.kv_width() == 1024);
  CHECK(s.rope_theta == 1e6);
  CHECK(s.rms_epsilon == 1e-5);
  CHECK(s.max_positions == 32768);
  CHECK_FALSE(s.tied_head);
}

TEST_CASE("Mixtral 8x22B is what its config.json says") {
  constexpr Shape s = shapes::mixtral_8x22b;
  CHECK(s.architecture == Architecture::mixtral);
  CHECK(s.query_width() == s.hidden);
  CHECK(s.kv_width() == 1024);
  CHECK(s.max_positions == 65536);
  CHECK_FALSE(s.tied_head);
}
