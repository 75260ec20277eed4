// Confidence and the number of parts to copy, by hand and against plain means.
#include "asterism/prefetch/confidence.hpp"

#include <cmath>
#include <vector>

#include <doctest/doctest.h>

using namespace asterism;
using namespace asterism::prefetch;

TEST_CASE("sharpness: the greatest share, and entropy in nats") {
  const Sharpness even = sharpness(std::vector<float>(4, 0.25F));
  CHECK(even.greatest == 0.25F);
  CHECK(double{even.entropy} == doctest::Approx(std::log(4.0)));
  const Sharpness sure = sharpness(std::vector<float>{0, 1, 0});
  CHECK(sure.greatest == 1);
  CHECK(sure.entropy == 0);
  CHECK(sharpness({}).greatest == 0);
}

TEST_CASE("confidence: .7 greatest / (1 + entropy) + .3 accuracy") {
  CHECK(confidence({1, 0}, 1) == doctest::Approx(1));
  CHECK(confidence({1, 0}, 0) == doctest::Approx(0.7));
  CHECK(confidence({0.5F, 1}, 0.5F) == doctest::Approx(0.7 * 0.5 / 2 + 0.15));
}

TEST_CASE("nothing is copied below .5, else int(most * confidence * .7)") {
  CHECK(parts_to_copy(10, 0.4999F) == 0);
  CHECK(parts_to_copy(10, 0.5F) == 3);
  CHECK(parts_to_copy(10, 1) == 7);
  CHECK(parts_to_copy(4, 0.6F) == 1);
  CHECK(parts_to_copy(0, 1) == 0);
}

TEST_CASE("means over what was predicted") {
  Confidence confidence_of;
  CHECK(confidence_of.value() == 0);
  confidence_of.predicted(std::vector<float>{1, 0});
  CHECK(confidence_of.value() == doctest::Approx(0.7));
  confidence_of.predicted(std::vector<float>{0.5F, 0.5F});
  confidence_of.predicted({});  // does not count
  const double entropy = std::log(2.0) / 2;
  CHECK(confidence_of.value() == doctest::Approx(0.7 * 0.75 / (1 + entropy)));
  confidence_of.came_true(1);
  confidence_of.came_true(0.5F);
  CHECK(confidence_of.value() == doctest::Approx(0.7 * 0.75 / (1 + entropy) + 0.3 * 0.75));
  for (int i = 0; i < 400; ++i) {
    confidence_of.predicted(std::vector<float>{1, 0});
    confidence_of.came_true(1);
  }
  CHECK(confidence_of.value() == doctest::Approx(1).epsilon(1e-3));  // what was long ago is forgotten
}
