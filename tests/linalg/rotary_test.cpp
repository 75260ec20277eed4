// Rotary positions against double.
#include "asterism/linalg/rotary.hpp"

#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/linalg/rotary_angle.hpp"

#include "support/golden.hpp"
#include "support/rows.hpp"

using namespace asterism;

TEST_CASE("rotary tables equal double within the rounding of an fp32 angle") {
  for (const double theta : {1e4, 1e6}) {
    for (const std::size_t dim : {2U, 4U, 10U, 64U, 128U}) {
      for (const std::int32_t position : {0, 1, 2, 63, 1000, 32767, 1'000'000}) {
        std::vector<float> table(dim);
        linalg::rotary_table(position, {theta}, table);
        for (std::size_t i = 0; i < dim / 2; ++i) {
          const double angle =
              position * std::pow(theta, -2.0 * static_cast<double>(i) / static_cast<double>(dim));
          const double bound = 1.2e-7 * (1 + angle);  // two roundings of the angle, one of the result
          CHECK(std::fabs(table[i] - std::cos(angle)) <= bound);
          CHECK(std::fabs(table[dim / 2 + i] - std::sin(angle)) <= bound);
        }
      }
    }
  }
}

TEST_CASE("position 0 rotates nothing") {
  std::vector<float> table(6);
  linalg::rotary_table(0, {1e6}, table);
  CHECK(table == std::vector<float>{1, 1, 1, 0, 0, 0});
  const std::vector<float> before = test::random_row(6, 1);
  std::vector<float> head = before;
  linalg::rotate_half(head, table);
  CHECK(head == before);
}

TEST_CASE("rotate_half turns each pair (i, i + d/2) by its angle") {
  for (const std::size_t dim : {2U, 6U, 64U, 70U}) {
    const std::vector<float> before = test::random_row(dim, dim);
    std::vector<float> table(dim);
    linalg::rotary_table(17, {1e4}, table);
    std::vector<float> head = before;
    linalg::rotate_half(head, table);
    const std::size_t half = dim / 2;
    for (std::size_t i = 0; i < half; ++i) {
      const double cosine = table[i];
      const double sine = table[half + i];
      const double size = std::fabs(before[i]) + std::fabs(before[half + i]);
      CHECK(std::fabs(head[i] - (before[i] * cosine - before[half + i] * sine)) <= 2e-7 * size);
      CHECK(std::fabs(head[half + i] - (before[half + i] * cosine + before[i] * sine)) <= 2e-7 * size);
    }
  }
}

TEST_CASE("scores depend on the distance of positions alone") {
  constexpr std::size_t dim = 32;
  const auto score = [&](std::int32_t a, std::int32_t b) {
    std::vector<float> query = test::random_row(dim, 1);
    std::vector<float> key = test::random_row(dim, 2);
    std::vector<float> table(dim);
    linalg::rotary_table(a, {1e4}, table);
    linalg::rotate_half(query, table);
    linalg::rotary_table(b, {1e4}, table);
    linalg::rotate_half(key, table);
    double sum = 0;
    for (std::size_t i = 0; i < dim; ++i) sum += double{query[i]} * key[i];
    return sum;
  };
  CHECK(std::fabs(score(7, 3) - score(104, 100)) < 1e-4);
  CHECK(std::fabs(score(7, 3) - score(8, 3)) > 1e-3);
}

TEST_CASE("frequencies are those of transformers for published models, within the rounding of its fp32 powers") {
  const test::Golden golden("rope/frequencies.safetensors");
  const linalg::RopeScaling llama{
      .factor = 8, .low_freq_factor = 1, .high_freq_factor = 4, .original_positions = 8192};
  const auto check = [&](const char* model, const linalg::Rope& rope) {
    CAPTURE(model);
    const std::vector<float> expected = golden.values<float>(model);
    REQUIRE(expected.size() == 64);
    for (std::size_t i = 0; i < expected.size(); ++i) {
      CHECK(std::fabs(linalg::rotary_frequency(rope, i, 128) / expected[i] - 1) < 5e-7);
    }
  };
  check("mixtral_8x7b", {1e6});
  check("qwen3_30b_a3b", {1e6});
  check("llama3_8b", {5e5, llama});
  check("mistral_7b", {1e4});
}
