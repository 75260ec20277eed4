// Which blocks hold what queries see, and how parts of a softmax become one.
#include "asterism/backend/attention_parts.hpp"

#include <cmath>
#include <cstddef>
#include <vector>

#include <doctest/doctest.h>

using namespace asterism::backend;

namespace {

std::vector<std::size_t> blocks(std::size_t first, std::size_t last, std::size_t sinks, std::size_t window,
                                std::size_t model_window) {
  const PositionBlocks all(visible_positions(first, sinks, window, model_window),
                           visible_positions(last, sinks, window, model_window));
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < all.count(); ++i) out.push_back(all[i]);
  return out;
}

}  // namespace

TEST_CASE("the blocks of consecutive queries hold what any of them sees, each once and in order") {
  constexpr std::size_t b = block_positions;
  CHECK(blocks(0, 0, 0, 0, 0) == std::vector<std::size_t>{0});
  CHECK(blocks(b - 1, b - 1, 0, 0, 0) == std::vector<std::size_t>{0});
  CHECK(blocks(b - 1, b, 0, 0, 0) == std::vector<std::size_t>{0, 1});
  CHECK(blocks(5 * b, 5 * b, 0, 0, 0) == std::vector<std::size_t>{0, 1, 2, 3, 4, 5});
  CHECK(blocks(5 * b, 5 * b, 0, 0, 1) == std::vector<std::size_t>{5});
  CHECK(blocks(5 * b, 5 * b, 0, 0, 2) == std::vector<std::size_t>{4, 5});
  CHECK(blocks(5 * b, 5 * b, 4, 10, 0) == std::vector<std::size_t>{0, 4, 5});
  CHECK(blocks(5 * b, 5 * b, b + 1, 10, 0) == std::vector<std::size_t>{0, 1, 4, 5});
  CHECK(blocks(5 * b, 5 * b, b + 1, 10, 100) == std::vector<std::size_t>{4, 5});
  CHECK(blocks(7, 5 * b, 4, 10, 0) == std::vector<std::size_t>{0, 1, 2, 3, 4, 5});
  CHECK(blocks(b + 2, b + 8, 4 * b, 10, 0) == std::vector<std::size_t>{0, 1});
}

TEST_CASE("every visible position lies in one of the blocks") {
  for (const std::size_t sinks : {std::size_t{0}, std::size_t{3}, block_positions, 2 * block_positions + 1}) {
    for (const std::size_t window : {std::size_t{0}, std::size_t{1}, std::size_t{500}, 2 * block_positions}) {
      for (const std::size_t model_window : {std::size_t{0}, std::size_t{7}, 3 * block_positions}) {
        for (std::size_t position = 0; position < 5 * block_positions; position += 511) {
          const AttentionSpan span = visible_positions(position, sinks, window, model_window);
          const PositionBlocks all(span, span);
          std::vector<int> held(6);
          for (std::size_t i = 0; i < all.count(); ++i) ++held.at(all[i]);
          int wrong = 0;
          for (std::size_t i = 0; i < span.count(); ++i) wrong += held.at(span[i] / block_positions) == 1 ? 0 : 1;
          CHECK(wrong == 0);
        }
      }
    }
  }
}

TEST_CASE("parts are put together by their largest scores") {
  const float scale = attention_scale(16);
  CHECK(scale == 0.25F);
  Softmax all{2.0F, 1.5F};
  float sum[2] = {3, -4};
  const float part_sum[2] = {10, 20};
  const Softmax above{6.0F, 2.0F};
  add_part(above, part_sum, scale, 2, all, sum);
  const float e = std::exp(-1.0F);
  CHECK(all.maximum == 6.0F);
  CHECK(all.total == doctest::Approx(1.5F * e + 2));
  CHECK(sum[0] == doctest::Approx(3 * e + 10));
  CHECK(sum[1] == doctest::Approx(-4 * e + 20));
  const Softmax below{2.0F, 1.0F};
  add_part(below, part_sum, scale, 1, all, sum);
  CHECK(all.maximum == 6.0F);
  CHECK(all.total == doctest::Approx(1.5F * e + 2 + e));
  CHECK(sum[0] == doctest::Approx(3 * e + 10 + 10 * e));
  CHECK(Softmax{}.empty());
  CHECK(!all.empty());
}
