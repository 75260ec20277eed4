// Rotary positions against double.
#include "asterism/linalg/rotary.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/linalg/rotary_angle.hpp"

#include "support/golden.hpp"
#include "support/rows.hpp"

using namespace asterism;

TEST_CASE("rotary tables equal double within the roundings of an fp32 frequency") {
  for (const double theta : {1e4, 1e6}) {
    for (const std::size_t dim : {2U, 4U, 10U, 64U, 128U}) {
      for (const std::int32_t position : {0, 1, 2, 63, 1000, 32767, 1'000'000}) {
        std::vector<float> table(dim);
        linalg::rotary_table(position, {theta}, table);
        for (std::size_t i = 0; i < dim / 2; ++i) {
          const double angle =
              position * std::pow(theta, -2.0 * static_cast<double>(i) / static_cast<double>(dim));
          // The power's exponent, the power and its inverse are rounded, then the result.
          const double bound = 6e-8 * (1 + (2 + std::log(theta)) * angle);
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

namespace {

struct Published {
  const char* model;
  linalg::Rope rope;
  std::size_t width;
};

constexpr linalg::RopeScaling llama3{
    .factor = 8, .low_freq_factor = 1, .high_freq_factor = 4, .original_positions = 8192};
constexpr Published published[] = {{"mixtral_8x7b", {1e6}, 128},       {"qwen3_30b_a3b", {1e6}, 128},
                                   {"qwen3_30b_a3b_2507", {1e7}, 128}, {"qwen3_next_80b_a3b", {1e7}, 64},
                                   {"llama3_8b", {5e5, llama3}, 128},  {"mistral_7b", {1e4}, 128}};

/// torch's power is one bit off here: 1e6^(74/128) lies 0.014 bits from the middle of two floats.
bool is_rounded_otherwise(const Published& of, std::size_t i) {
  return of.rope.theta == 1e6 && of.width == 128 && i == 37;
}

/// theta^(-2i/width), scaled, in double throughout.
double exact_frequency(const Published& of, std::size_t i) {
  const double plain = std::pow(of.rope.theta, -2.0 * static_cast<double>(i) / static_cast<double>(of.width));
  const linalg::RopeScaling& scaling = of.rope.scaling;
  if (scaling.factor == 0) return plain;
  const double turns = scaling.original_positions * plain / (2 * std::acos(-1.0));
  const double share = (turns - scaling.low_freq_factor) / (scaling.high_freq_factor - scaling.low_freq_factor);
  return plain * (std::clamp(share, 0.0, 1.0) * (1 - 1 / scaling.factor) + 1 / scaling.factor);
}

}  // namespace

TEST_CASE("frequencies are those of transformers for published models, to the bit") {
  const test::Golden golden("rope/frequencies.safetensors");
  for (const Published& of : published) {
    CAPTURE(of.model);
    const std::vector<float> expected = golden.values<float>(of.model);
    REQUIRE(expected.size() == of.width / 2);
    for (std::size_t i = 0; i < expected.size(); ++i) {
      CAPTURE(i);
      const float found = linalg::rotary_frequency(of.rope, i, of.width);
      CHECK((found == expected[i]) == !is_rounded_otherwise(of, i));
      CHECK(std::fabs(found / expected[i] - 1) < 1.2e-7);
    }
  }
}

TEST_CASE(
    "distant positions turn by transformers' frequencies, nearer to exact angles than its own fp32 products") {
  const test::Golden golden("rope/frequencies.safetensors");
  for (const Published& of : published) {
    CAPTURE(of.model);
    const std::vector<float> theirs = golden.values<float>(of.model);
    const std::size_t half = of.width / 2;
    double ours_off = 0;
    double theirs_off = 0;
    for (const std::int32_t position : {0, 32767, 131071, 262143}) {
      CAPTURE(position);
      std::vector<float> table(of.width);
      linalg::rotary_table(position, of.rope, table);
      for (std::size_t i = 0; i < half; ++i) {
        CAPTURE(i);
        const auto off = [&](float cosine, float sine, double angle) {
          return std::max(std::fabs(cosine - std::cos(angle)), std::fabs(sine - std::sin(angle)));
        };
        const double angle = position * double{theirs[i]};
        const double bit = is_rounded_otherwise(of, i) ? position * double{theirs[i]} * 1.2e-7 : 0;
        CHECK(off(table[i], table[half + i], angle) < 1e-6 + bit);
        const float rounded = static_cast<float>(position) * theirs[i];
        const double exact = position * exact_frequency(of, i);
        ours_off = std::max(ours_off, off(table[i], table[half + i], exact));
        theirs_off = std::max(theirs_off, off(std::cos(rounded), std::sin(rounded), exact));
      }
    }
    CAPTURE(ours_off);
    CAPTURE(theirs_off);
    CHECK(ours_off <= theirs_off);
  }
}
