// The veto against plain arithmetic.
#include "asterism/prefetch/veto.hpp"

#include <algorithm>
#include <cmath>
#include <deque>
#include <limits>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/core/random.hpp"

using namespace asterism;
using namespace asterism::prefetch;

namespace {

/// A veto that has heard enough, with `right` of its last 64 outcomes true.
Veto heard(int right, double layer = 1, double copy = 1, VetoOptions options = {}) {
  Veto veto(8, layer, copy, options);
  for (int i = 0; i < 300; ++i) veto.scored(i % 2 == 0);
  for (int i = 0; i < 64; ++i) veto.scored(i < right);
  return veto;
}

}  // namespace

TEST_CASE("precision is that of the last predictions") {
  for (const std::int32_t window : {1, 7, 64}) {
    Veto veto(2, 1, 1, {.window = window, .silence = 100});
    std::deque<bool> last;
    Random random(1);
    CHECK(veto.precision() == 0);
    for (int i = 0; i < 300; ++i) {
      last.push_back(random.below(3) == 0);
      if (last.size() > static_cast<std::size_t>(window)) last.pop_front();
      veto.scored(last.back());
      double right = 0;
      for (const bool one : last) right += one ? 1 : 0;
      CHECK(double{veto.precision()} == doctest::Approx(right / static_cast<double>(last.size())));
    }
  }
}

TEST_CASE("silent until 256 predictions have been scored") {
  Veto veto(2, 1, 1);
  for (int i = 0; i < 255; ++i) veto.scored(true);
  CHECK_FALSE(veto.speaks());
  CHECK_FALSE(veto.allows_copy(0));
  CHECK_FALSE(veto.allows_staging());
  veto.scored(true);
  CHECK(veto.speaks());
  CHECK(veto.allows_copy(1));
  CHECK(veto.allows_staging());
}

TEST_CASE("a copy gains precision * min(1, T_l / T_c), and loses the rest of the victim's value and a margin") {
  for (const double copy : {0.25, 1.0, 2.0, 10.0}) {
    for (int right = 0; right <= 64; ++right) {
      const Veto veto = heard(right, 1, copy);
      const double precision = right / 64.0;
      for (const float value : {0.0F, 0.1F, 0.5F, 1.0F}) {
        const double gain = precision * std::min(1.0, 1 / copy) - (1 - precision) * double{value} - 0.02;
        if (std::abs(gain) > 1e-6) CHECK(veto.allows_copy(value) == (gain > 0));
      }
      CHECK(veto.allows_staging() == (precision > 0.15));
    }
  }
  CHECK(heard(32, 1, 1, {.stage_above = 0.4F}).allows_staging());
  CHECK_FALSE(heard(32, 1, 1, {.margin = 0.6F}).allows_copy(0));
}

TEST_CASE("a link that finishes a piece first makes wrong copies cost the next layer") {
  for (const double copy : {0.25, 0.5, 2.0, 10.0}) {
    for (const float piece : {1.0F, 0.25F}) {
      const double copies = std::min(8.0, std::floor(1 / copy) + 1);
      const double cost = std::max(double{piece} - 1 / copy, double{piece} / 2) / copies;
      for (int right = 0; right <= 64; ++right) {
        const Veto veto = heard(right, 1, copy, {.piece = piece});
        const double precision = right / 64.0;
        const auto gain = [&](double value) {
          return precision * std::min(1.0, 1 / copy) - (1 - precision) * (value + cost) - 0.02;
        };
        if (std::abs(gain(0.25)) > 1e-6) CHECK(veto.allows_copy(0.25F) == (gain(0.25) > 0));
        if (std::abs(gain(0)) > 1e-6) CHECK(veto.allows_staging() == (precision > 0.15 && gain(0) > 0));
      }
    }
  }
}

TEST_CASE("what was silenced can speak again") {
  Veto veto = heard(0);
  CHECK_FALSE(veto.allows_copy(0));
  for (int i = 0; i < 64; ++i) veto.scored(true);
  CHECK(veto.allows_copy(1));
}

TEST_CASE("copies that find room in a layer's time") {
  CHECK(Veto(8, 1, 0.5).most_copies() == 3);
  CHECK(Veto(8, 0.99, 0.5).most_copies() == 2);
  CHECK(Veto(2, 1, 0.1).most_copies() == 2);
  CHECK(Veto(8, 0, 1).most_copies() == 1);
  CHECK(Veto(8, 1, 5).most_copies() == 1);
  CHECK(Veto(8, 1e300, 1e-300).most_copies() == 8);
}

TEST_CASE("impossible numbers are refused") {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  constexpr double infinite = std::numeric_limits<double>::infinity();
  CHECK_THROWS_WITH_AS(Veto(0, 1, 1), doctest::Contains("a veto for 0 parts"), InvalidArgument);
  for (const double layer : {-1.0, nan, infinite}) CHECK_THROWS_AS(Veto(1, layer, 1), InvalidArgument);
  for (const double copy : {-1.0, 0.0, nan}) CHECK_THROWS_AS(Veto(1, 1, copy), InvalidArgument);
  for (const VetoOptions wrong : {VetoOptions{.window = 0},
                                  {.window = 65},
                                  {.window = 64, .silence = 63},
                                  {.margin = -1},
                                  {.stage_above = -0.1F},
                                  {.stage_above = 1.1F},
                                  {.piece = -0.1F},
                                  {.piece = 1.1F}}) {
    CHECK_THROWS_WITH_AS(Veto(1, 1, 1, wrong), doctest::Contains("1 <= window <= 64"), InvalidArgument);
  }
}
