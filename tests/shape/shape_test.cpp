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
static_assert(a_change_shows([](Shape& s) { s.rotary_dim = 4; }));
static_assert(a_change_shows([](Shape& s) { s.attention_gate = true; }));
static_assert(a_change_shows([](Shape& s) { s.attention_bias = true; }));
static_assert(a_change_shows([](Shape& s) { s.shared_ffn = 1; }));
static_assert(a_change_shows([](Shape& s) { s.linear_layers.insert(0); }));
static_assert(a_change_shows([](Shape& s) { s.delta_net.key_heads = 1; }));
static_assert(a_change_shows([](Shape& s) { s.delta_net.value_heads = 1; }));
static_assert(a_change_shows([](Shape& s) { s.delta_net.key_width = 1; }));
static_assert(a_change_shows([](Shape& s) { s.delta_net.value_width = 1; }));
static_assert(a_change_shows([](Shape& s) { s.delta_net.kernel = 1; }));
constexpr DeltaNetSizes sizes{.key_heads = 2, .value_heads = 6, .key_width = 7, .value_width = 10, .kernel = 4};
static_assert(sizes.values() == 60 && sizes.channels() == 2 * 14 + 60);
static_assert(a_change_shows([](Shape& s) { s.qk_norm = true; }));
static_assert(a_change_shows([](Shape& s) { s.normalised_top_k = false; }));
static_assert(a_change_shows([](Shape& s) { s.dense_layers.insert(1); }));
static_assert(a_change_shows([](Shape& s) { s.dense_ffn = 1; }));
static_assert(a_change_shows([](Shape& s) { s.max_positions = 1; }));
static_assert(a_change_shows([](Shape& s) { s.sliding_window = 1; }));
static_assert(a_change_shows([](Shape& s) { s.tied_head = true; }));
static_assert(a_change_shows([](Shape& s) { s.rope_theta = 1e4; }));
static_assert(a_change_shows([](Shape& s) { s.rope_scaling.factor = 8; }));
static_assert(a_change_shows([](Shape& s) { s.rms_epsilon = 1e-6; }));

static_assert(small.query_rows() == 60 && small.rotary_width() == 10);
static_assert(Shape{.heads = 6, .head_dim = 10, .rotary_dim = 4, .attention_gate = true}.query_rows() == 120);
static_assert(Shape{.head_dim = 10, .rotary_dim = 4}.rotary_width() == 4);

constexpr Shape mixed = [] {
  Shape shape = small;
  shape.layers = 4;
  shape.dense_layers.insert(0);
  shape.dense_layers.insert(2);
  return shape;
}();
static_assert(mixed.is_dense(0) && !mixed.is_dense(1) && mixed.is_dense(2) && !mixed.is_dense(3));
static_assert(mixed.sparse_layers().size() == 2 && !mixed.sparse_layers().contains(4));
static_assert(small.sparse_layers() == LayerSet::range(0, 2));

}  // namespace

TEST_CASE("limits are equal where all their values are") {
  CHECK(Limits{} == Limits{.context = 4096, .batch = 1, .prefill_chunk = 512, .threads = 8});
  CHECK(Limits{} != Limits{.context = 4095});
  CHECK(Limits{} != Limits{.batch = 2});
  CHECK(Limits{} != Limits{.prefill_chunk = 1});
  CHECK(Limits{} != Limits{.threads = 1});
}
