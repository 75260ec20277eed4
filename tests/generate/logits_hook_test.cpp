// Structs that lack the member are no logits hooks, and the laws find mistakes.
#include "asterism/generate/logits_hook.hpp"

#include <algorithm>

#include <doctest/doctest.h>

#include "lacking/logits_hook.hpp"
#include "laws/logits_hook_laws.hpp"

using namespace asterism;
using namespace asterism::generate;
using namespace asterism::lacking::logits_hooks;

namespace {

static_assert(LogitsHook<Complete> && LogitsHook<LogitsAsTheyAre> && CheckedLogitsHook<Complete>::complete);
static_assert(!LogitsHook<NoAdjust> && !needs::adjust<NoAdjust>);
static_assert(!LogitsHook<int>);

struct Moves {
  void adjust(View<const float> hidden, View<float> logits) {
    for (float& logit : logits) logit += hidden[0];
  }
};
struct Counts {
  float calls = 0;
  void adjust(View<const float> /*hidden*/, View<float> logits) { logits[0] += ++calls; }
};
struct Hides {
  void adjust(View<const float> /*hidden*/, View<float> logits) { std::fill(logits.begin(), logits.end(), 1.0F); }
};
struct Shifts {
  void adjust(View<const float> /*hidden*/, View<float> logits) { logits.data[logits.size] = 0; }
};

template <class H>
void obeys() {
  H hook;
  laws::logits_hook(hook, 9, 31);
}

}  // namespace

TEST_CASE("a hook that looks at state and logits alone obeys the laws") { obeys<Moves>(); }
TEST_CASE("one that counts its calls is found" * doctest::should_fail()) { obeys<Counts>(); }
TEST_CASE("one that hides NaN is found" * doctest::should_fail()) { obeys<Hides>(); }
TEST_CASE("one that writes beside the logits is found" * doctest::should_fail()) { obeys<Shifts>(); }
