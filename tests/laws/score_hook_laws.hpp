// The laws of constellation::ScoreHook, one function template for each, for the hooks of the toolkit and for your own:
//
//   TEST_CASE("my hook obeys the laws") { MyHook hook(...); laws::score_hook(hook, layers, hidden, experts); }
//
// Needs doctest. Tried with random inputs (n, hidden) and scores (n, experts) of each layer; have the hook know
// something.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/constellation/score_hook.hpp"
#include "asterism/core/random.hpp"
#include "asterism/core/view.hpp"

#include "laws/law.hpp"

namespace asterism::laws {

/// Rows of a router, in memory with a column more, which belongs to nobody.
struct RouterRows {
  static constexpr float guard = 1234.5F;
  std::size_t hidden;
  std::size_t experts;
  std::vector<float> x{};
  std::vector<float> scores{};

  RouterRows(std::size_t rows, std::size_t width, std::size_t count, Random& random, float scale = 3)
      : hidden(width), experts(count), x(rows * (width + 1), guard), scores(rows * (count + 1), guard) {
    for (std::size_t r = 0; r < rows; ++r) {
      for (std::size_t c = 0; c < width; ++c) x[r * (width + 1) + c] = static_cast<float>(random.normal());
      for (std::size_t e = 0; e < count; ++e) {
        scores[r * (count + 1) + e] = scale * static_cast<float>(random.normal());
      }
    }
  }
  std::size_t rows() const { return scores.size() / (experts + 1); }
  View<float> row(std::size_t i) { return {scores.data() + i * (experts + 1), experts}; }

  /// Rows [first, first + count).
  template <class H>
  void adjust(H& hook, std::int32_t layer, std::size_t first, std::size_t count) {
    hook.adjust(layer, MatrixView<const float>(x.data(), rows(), hidden, hidden + 1).rows_at(first, count),
                MatrixView<float>(scores.data(), rows(), experts, experts + 1).rows_at(first, count));
  }
};

/// A row has the same bits alone and among others, asked once or again; nothing but scores is written; and as long as
/// the version stays the same, so do the answers.
template <constellation::ScoreHook H>
void rows_do_not_depend_on_others(H& hook, std::int32_t layers, std::size_t hidden, std::size_t experts) {
  const Law law("a row's scores depend on it, the layer and what the hook knows, and only they change",
                model_name<H>());
  Random random(1);
  for (std::int32_t layer = 0; layer < layers; ++layer) {
    for (const std::size_t rows : {1, 2, 7}) {
      RouterRows together(rows, hidden, experts, random);
      RouterRows alone = together;
      const std::vector<float> inputs = together.x;
      const std::uint64_t version = hook.version();
      together.adjust(hook, layer, 0, rows);
      for (std::size_t r = rows; r-- > 0;) alone.adjust(hook, layer, r, 1);
      law.holds(hook.version() == version, "layer ", layer, ": the version changes while a pass asks");
      law.same_bits(alone.scores, together.scores, "layer ", layer, ", ", rows, " rows together and one by one");
      law.same_bits(together.x, inputs, "layer ", layer, ": inputs of ", rows, " rows");
      for (std::size_t r = 0; r < rows; ++r) {
        law.holds(together.row(r).data[experts] == RouterRows::guard, "memory behind row ", r, " was written");
      }
    }
  }
}

/// Finite scores stay finite, however large; where one of a row is NaN one of that row stays so.
template <constellation::ScoreHook H>
void scores_that_cannot_be_routed_stay_so(H& hook, std::int32_t layers, std::size_t hidden, std::size_t experts) {
  const Law law("finite scores stay finite, and where one of a row is NaN one stays so", model_name<H>());
  Random random(2);
  for (std::int32_t layer = 0; layer < layers; ++layer) {
    for (const float scale : {1e-3F, 1.0F, 100.0F, 1e6F}) {
      RouterRows rows(3, hidden, experts, random, scale);
      rows.row(1)[random.below(experts)] = std::numeric_limits<float>::quiet_NaN();
      rows.adjust(hook, layer, 0, 3);
      for (const std::size_t r : {0, 2}) {
        law.holds(std::all_of(rows.row(r).begin(), rows.row(r).end(), [](float x) { return std::isfinite(x); }),
                  "layer ", layer, ", scores of about ", scale, ", row ", r, ": ",
                  [&] { return some_of(rows.row(r)); });
      }
      law.holds(std::any_of(rows.row(1).begin(), rows.row(1).end(), [](float x) { return std::isnan(x); }),
                "layer ", layer, ", NaN among scores of about ", scale, ": ",
                [&] { return some_of(rows.row(1)); });
    }
  }
}

/// All laws.
template <constellation::ScoreHook H>
void score_hook(H& hook, std::int32_t layers, std::size_t hidden, std::size_t experts) {
  rows_do_not_depend_on_others(hook, layers, hidden, experts);
  scores_that_cannot_be_routed_stay_so(hook, layers, hidden, experts);
}

}  // namespace asterism::laws
