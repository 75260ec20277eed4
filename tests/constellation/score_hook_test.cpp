// Structs that lack a member are no score hooks, and the laws find mistakes.
#include "asterism/constellation/score_hook.hpp"

#include <cstddef>
#include <cstdint>

#include <doctest/doctest.h>

#include "lacking/score_hook.hpp"
#include "laws/score_hook_laws.hpp"

using namespace asterism;
using namespace asterism::constellation;
using namespace asterism::lacking::score_hooks;

namespace {

static_assert(ScoreHook<Complete>);
static_assert(!ScoreHook<NoAdjust> && !needs::adjust<NoAdjust> && needs::version<NoAdjust>);
static_assert(!ScoreHook<NoVersion> && !needs::version<NoVersion> && needs::adjust<NoVersion>);
static_assert(!ScoreHook<int>);

/// Moves the scores of a row by its first input.
struct Moves {
  void adjust(std::int32_t layer, MatrixView<const float> x, MatrixView<float> scores) {
    for (std::size_t r = 0; r < x.rows; ++r) {
      for (float& score : scores.row(r)) score += static_cast<float>(layer) + x(r, 0);
    }
  }
  std::uint64_t version() const { return 0; }
};
struct LooksAtNeighbours : Moves {
  void adjust(std::int32_t /*layer*/, MatrixView<const float> x, MatrixView<float> scores) {
    for (std::size_t r = 0; r < x.rows; ++r) scores(r, 0) += x(0, 0);
  }
};
struct Hides : Moves {
  void adjust(std::int32_t /*layer*/, MatrixView<const float> /*x*/, MatrixView<float> scores) {
    for (std::size_t r = 0; r < scores.rows; ++r) {
      for (float& score : scores.row(r)) score = 1;
    }
  }
};
struct ForgetsTheStride : Moves {
  void adjust(std::int32_t /*layer*/, MatrixView<const float> /*x*/, MatrixView<float> scores) {
    for (std::size_t i = 0; i < scores.rows * scores.cols; ++i) scores.data[i] += 1;
  }
};

template <class H>
void obeys() {
  H hook;
  laws::score_hook(hook, 2, 9, 5);
}

}  // namespace

TEST_CASE("a hook that looks at rows alone obeys the laws") { obeys<Moves>(); }
TEST_CASE("one that looks at neighbours is found" * doctest::should_fail()) { obeys<LooksAtNeighbours>(); }
TEST_CASE("one that hides NaN is found" * doctest::should_fail()) { obeys<Hides>(); }
TEST_CASE("one that writes beside its rows is found" * doctest::should_fail()) { obeys<ForgetsTheStride>(); }
