// Published shapes: their parameter counts are the published ones.
#include "asterism/shape/catalogue.hpp"

#include <cstdint>

#include <doctest/doctest.h>

using namespace asterism;

namespace {

constexpr std::int64_t parameters(const Shape& s) {
  const std::int64_t hidden = s.hidden;
  const std::int64_t attention = 2 * hidden * s.query_width() + 2 * hidden * s.kv_width();
  const std::int64_t experts = std::int64_t{3} * s.experts * s.ffn * hidden;
  const std::int64_t layer = attention + experts + s.experts * hidden + 2 * hidden;
  const std::int64_t embedding = hidden * s.vocabulary;
  return s.layers * layer + embedding * (s.tied_head ? 1 : 2) + hidden;
}

constexpr bool consistent(const Shape& s) {
  return s.heads % s.kv_heads == 0 && s.head_dim % 2 == 0 && s.top_k >= 1 && s.top_k <= s.experts && s.layers >= 1;
}

static_assert(parameters(shapes::mixtral_8x7b) == 46'702'792'704);
static_assert(consistent(shapes::mixtral_8x7b));
static_assert(parameters(shapes::mixtral_8x22b) == 140'620'634'112);
static_assert(consistent(shapes::mixtral_8x22b));

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
