// Sizes by name.
#include "asterism/model/weight_info.hpp"

#include <doctest/doctest.h>

#include "asterism/shape/shape.hpp"

using namespace asterism;
using model::Dim;
using model::size_of;

TEST_CASE("every dimension is the size of the shape that it names") {
  constexpr Shape shape{.vocabulary = 11,
                        .hidden = 12,
                        .heads = 3,
                        .kv_heads = 2,
                        .head_dim = 7,
                        .ffn = 15,
                        .experts = 16,
                        .shared_ffn = 18,
                        .dense_ffn = 17};
  static_assert(size_of(Dim::none, shape) == 1);
  CHECK(size_of(Dim::vocabulary, shape) == 11);
  CHECK(size_of(Dim::hidden, shape) == 12);
  CHECK(size_of(Dim::query_width, shape) == 21);
  CHECK(size_of(Dim::kv_width, shape) == 14);
  CHECK(size_of(Dim::head_dim, shape) == 7);
  CHECK(size_of(Dim::ffn, shape) == 15);
  CHECK(size_of(Dim::dense_ffn, shape) == 17);
  CHECK(size_of(Dim::shared_ffn, shape) == 18);
  CHECK(size_of(Dim::query_rows, shape) == 21);
  Shape linear = shape;
  linear.delta_net = {.key_heads = 2, .value_heads = 6, .key_width = 7, .value_width = 10, .kernel = 4};
  CHECK(size_of(Dim::one, linear) == 1);
  CHECK(size_of(Dim::linear_channels, linear) == 88);
  CHECK(size_of(Dim::linear_values, linear) == 60);
  CHECK(size_of(Dim::linear_value_heads, linear) == 6);
  CHECK(size_of(Dim::linear_betas_decays, linear) == 12);
  CHECK(size_of(Dim::linear_value_width, linear) == 10);
  CHECK(size_of(Dim::linear_kernel, linear) == 4);
  Shape gated = shape;
  gated.attention_gate = true;
  CHECK(size_of(Dim::query_rows, gated) == 42);
  CHECK(size_of(Dim::experts, shape) == 16);
}

TEST_CASE("a weight without rows is a vector") {
  CHECK(model::WeightInfo{.cols = Dim::hidden}.is_vector());
  CHECK(!model::WeightInfo{.rows = Dim::ffn, .cols = Dim::hidden}.is_vector());
}

TEST_CASE("where a weight is follows from the shape") {
  using model::is_there;
  using model::Where;
  Shape shape{.layers = 2};
  shape.dense_layers.insert(1);
  for (const std::int32_t layer : {0, 1}) {
    CHECK(is_there(Where::everywhere, shape, layer));
    CHECK(is_there(Where::sparse_layers, shape, layer) == (layer == 0));
    CHECK(is_there(Where::dense_layers, shape, layer) == (layer == 1));
    CHECK(!is_there(Where::with_attention_bias, shape, layer));
    CHECK(!is_there(Where::with_qk_norm, shape, layer));
    CHECK(is_there(Where::attention_layers, shape, layer));
    CHECK(!is_there(Where::linear_layers, shape, layer));
  }
  Shape hybrid = shape;
  hybrid.linear_layers.insert(0);
  hybrid.attention_bias = hybrid.qk_norm = true;
  for (const std::int32_t layer : {0, 1}) {
    CHECK(is_there(Where::linear_layers, hybrid, layer) == (layer == 0));
    for (const Where where : {Where::attention_layers, Where::with_attention_bias, Where::with_qk_norm}) {
      CHECK(is_there(where, hybrid, layer) == (layer == 1));
    }
  }
  shape.attention_bias = true;
  CHECK(is_there(Where::with_attention_bias, shape, 1));
  CHECK(!is_there(Where::with_qk_norm, shape, 1));
  shape.qk_norm = true;
  CHECK(is_there(Where::with_qk_norm, shape, 0));
}
