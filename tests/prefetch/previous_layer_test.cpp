// What the layer before used is predicted, by number.
#include "asterism/prefetch/previous_layer.hpp"

#include <vector>

#include <doctest/doctest.h>

#include "prefetch/predictions.hpp"

using namespace asterism;
using test::asked;
using test::tell;
using Shares = std::vector<float>;

TEST_CASE("the shares of the layer before") {
  prefetch::PreviousLayer previous({.groups = 3, .members = 4});
  tell(previous, 0, {0, 2});
  CHECK(asked(previous, 1, 4) == Shares{0.5F, 0, 0.5F, 0});
  CHECK(asked(previous, 2, 4) == Shares(4));  // the layer before it has not run
  CHECK(asked(previous, 0, 4) == Shares(4));
  tell(previous, 1, {1, 2}, {.probabilities = {0, 0.25F, 0.5F, 0.25F}});
  CHECK(asked(previous, 2, 4) == Shares{0, 0.25F, 0.5F, 0.25F});
  tell(previous, 2, {3});
  CHECK(asked(previous, 0, 4) == Shares(4));  // no layer before the first
  CHECK(asked(previous, 1, 4) == Shares(4));  // of the pass before
}
