// Shapes and limits as values.
#include "asterism/shape/shape.hpp"

#include <doctest/doctest.h>

using namespace asterism;

namespace {

constexpr Shape small{.hidden = 48, .layers = 2, .heads = 6, .kv_heads = 2, .head_dim = 10};
static_assert(small.query_width() == 60 && small.kv_width() == 20);  // wider than hidden, and narrower

template <Shape shape, Limits limits>
constexpr int as_template_arguments = shape.hidden + limits.context;
static_assert(as_template_arguments<small, Limits{.context = 2}> == 50);

constexpr bool a_change_shows(auto change) {
  Shape other = small;
  change(other);
  return !(other == small) && other != small;
}

static_assert(small == Shape(small));
static_assert(a_change_shows([](Shape& s) { s.vocabulary = 1; }));
static_assert(a_change_shows([](Shape& s) { s.hidden = 1; }));
static_assert(a_change_shows([](Shape& s) { s.layers = 1; }));
static_assert(a_change_shows([](Shape& s) { s.heads = 1; }));
static_assert(a_change_shows([](Shape& s) { s.kv_heads = 1; }));
static_assert(a_change_shows([](Shape& s) { s.head_dim = 1; }));
static_assert(a_change_shows([](Shape& s) { s.ffn = 1; }));
static_assert(a_change_shows([](Shape& s) { s.experts = 1; }));
static_assert(a_change_shows([](Shape& s) { s.top_k = 1; }));
static_assert(a_change_shows([](Shape& s) { s.max_positions = 1; }));
static_assert(a_change_shows([](Shape& s) { s.sliding_window = 1; }));
static_assert(a_change_shows([](Shape& s) { s.tied_head = true; }));
static_assert(a_change_shows([](Shape& s) { s.rope_theta = 1e4; }));
static_assert(a_change_shows([](Shape& s) { s.rms_epsilon = 1e-6; }));

}  // namespace

TEST_CASE("limits are equal where all their values are") {
  CHECK(Limits{} == Limits{.context = 4096, .batch = 1, .prefill_chunk = 512, .threads = 8});
  CHECK(Limits{} != Limits{.context = 4095});
  CHECK(Limits{} != Limits{.batch = 2});
  CHECK(Limits{} != Limits{.prefill_chunk = 1});
  CHECK(Limits{} != Limits{.threads = 1});
}
