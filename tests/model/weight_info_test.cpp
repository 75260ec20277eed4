// Sizes by name.
#include "asterism/model/weight_info.hpp"

#include <doctest/doctest.h>

#include "asterism/shape/shape.hpp"

using namespace asterism;
using model::Dim;
using model::size_of;

TEST_CASE("every dimension is the size of the shape that it names") {
  constexpr Shape shape{
      .vocabulary = 11, .hidden = 12, .heads = 3, .kv_heads = 2, .head_dim = 7, .ffn = 15, .experts = 16};
  static_assert(size_of(Dim::none, shape) == 1);
  CHECK(size_of(Dim::vocabulary, shape) == 11);
  CHECK(size_of(Dim::hidden, shape) == 12);
  CHECK(size_of(Dim::query_width, shape) == 21);
  CHECK(size_of(Dim::kv_width, shape) == 14);
  CHECK(size_of(Dim::ffn, shape) == 15);
  CHECK(size_of(Dim::experts, shape) == 16);
}

TEST_CASE("a weight without rows is a vector") {
  CHECK(model::WeightInfo{.cols = Dim::hidden}.is_vector());
  CHECK(!model::WeightInfo{.rows = Dim::ffn, .cols = Dim::hidden}.is_vector());
}
