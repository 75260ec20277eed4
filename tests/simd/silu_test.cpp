// silu(gate) * up and sigmoid(gate) * x against double, on all levels, and equal bits wherever a row lies.
#include "asterism/simd/silu.hpp"

#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "support/levels.hpp"
#include "support/rows.hpp"

using namespace asterism;
using simd::Level;

namespace {

double reference(float gate, float up) { return double{gate} / (1 + std::exp(-double{gate})) * double{up}; }
double sigmoid_reference(float gate, float x) { return 1 / (1 + std::exp(-double{gate})) * double{x}; }

using Multiply = void(View<const float>, View<const float>, View<float>, Level);

/// Both gates on all levels.
std::vector<std::pair<Level, Multiply*>> gates() {
  std::vector<std::pair<Level, Multiply*>> all;
  for (const Level level : test::levels()) {
    all.emplace_back(level, simd::silu_multiply);
    all.emplace_back(level, simd::sigmoid_multiply);
  }
  return all;
}

}  // namespace

TEST_CASE("gates equal double within its rounding") {
  for (const Level level : test::levels()) {
    CAPTURE(name(level));
    for (std::size_t size = 1; size <= 70; ++size) {
      const std::vector<float> gate = test::random_row(size, size, 4);
      const std::vector<float> up = test::random_row(size, 100 + size);
      std::vector<float> out(size, -7.0F);
      simd::silu_multiply(gate, up, out, level);
      for (std::size_t i = 0; i < size; ++i) {
        const double expected = reference(gate[i], up[i]);
        CHECK(std::fabs(out[i] - expected) <= 1e-6 * std::fabs(expected));
      }
      simd::sigmoid_multiply(gate, up, out, level);
      for (std::size_t i = 0; i < size; ++i) {
        const double expected = sigmoid_reference(gate[i], up[i]);
        CHECK(std::fabs(out[i] - expected) <= 1e-6 * std::fabs(expected));
      }
    }
  }
}

TEST_CASE("large gates neither overflow nor lose their sign") {
  for (const Level level : test::levels()) {
    CAPTURE(name(level));
    const std::vector<float> gate{0.0F, -0.0F, 50.0F, -50.0F, 100.0F, -100.0F, 1e30F, -1e30F, 1e-30F, -1e-30F};
    const std::vector<float> up(gate.size(), 2.0F);
    std::vector<float> out(gate.size());
    simd::silu_multiply(gate, up, out, level);
    for (std::size_t i = 0; i < gate.size(); ++i) {
      CAPTURE(gate[i]);
      const double expected = reference(gate[i], up[i]);
      CHECK(std::isfinite(out[i]));
      CHECK(std::fabs(out[i] - expected) <= 1e-6 * std::fabs(expected) + 1e-34);
    }
    simd::sigmoid_multiply(gate, up, out, level);
    for (std::size_t i = 0; i < gate.size(); ++i) {
      CAPTURE(gate[i]);
      const double expected = sigmoid_reference(gate[i], up[i]);
      CHECK(std::fabs(out[i] - expected) <= 1e-6 * std::fabs(expected) + 1e-37);
    }
  }
}

TEST_CASE("gates have the same bits wherever their rows lie, and in place") {
  for (const auto& one : gates()) {
    const Level level = one.first;
    Multiply* const multiply = one.second;
    CAPTURE(name(level));
    for (std::size_t size = 1; size <= 70; ++size) {
      const std::vector<float> gate = test::random_row(size, size, 4);
      const std::vector<float> up = test::random_row(size, 200 + size);
      std::vector<float> expected(size);
      multiply(gate, up, expected, level);
      for (std::size_t offset = 0; offset < 16; ++offset) {
        const float neighbour = offset % 2 == 0 ? std::numeric_limits<float>::quiet_NaN() : 1e30F;
        test::PlacedRow g(gate, offset, neighbour);
        test::PlacedRow u(up, (5 * offset + 3) % 16, neighbour);
        test::PlacedRow out(std::vector<float>(size), (7 * offset) % 16, neighbour);
        multiply(g.view(), u.view(), out.view(), level);
        CHECK(test::same_bits(out.view(), expected));
        CHECK(out.neighbours_intact());
        multiply(g.view(), u.view(), g.view(), level);
        CHECK(test::same_bits(g.view(), expected));
        CHECK(g.neighbours_intact());
      }
      test::PlacedRow in_up(up, 3, 0.0F);
      multiply(gate, in_up.view(), in_up.view(), level);
      CHECK(test::same_bits(in_up.view(), expected));
    }
  }
}
