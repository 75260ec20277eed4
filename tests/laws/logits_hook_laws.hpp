// The laws of generate::LogitsHook, one function template for each, for the hooks of the toolkit and for your own:
//
//   TEST_CASE("my hook obeys the laws") { MyHook hook(...); laws::logits_hook(hook, hidden, vocabulary); }
//
// Needs doctest. Tried with random states (hidden) and logits (vocabulary); have the hook know something.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/random.hpp"
#include "asterism/core/view.hpp"
#include "asterism/generate/logits_hook.hpp"

#include "laws/law.hpp"

namespace asterism::laws {

namespace detail {

inline std::vector<float> random_values(Random& random, std::size_t count, float scale = 1) {
  std::vector<float> values(count);
  for (float& x : values) x = scale * static_cast<float>(random.normal());
  return values;
}

/// Logits adjusted between two guards, which have to stay.
template <class H>
std::vector<float> adjusted(H& hook, View<const float> hidden, const std::vector<float>& logits, const Law& law) {
  constexpr float guard = 1234.5F;
  std::vector<float> memory(logits.size() + 2, guard);
  std::copy(logits.begin(), logits.end(), memory.begin() + 1);
  hook.adjust(hidden, View<float>(memory).subview(1, logits.size()));
  law.holds(memory.front() == guard && memory.back() == guard, "memory beside the logits was written");
  return {memory.begin() + 1, memory.end() - 1};
}

}  // namespace detail

/// The same bits for the same state and logits, wherever they lie; nothing else is written.
template <generate::LogitsHook H>
void logits_depend_on_state_and_logits(H& hook, std::size_t hidden, std::size_t vocabulary) {
  const Law law("logits depend on the state, the logits and what the hook knows, and only they change",
                model_name<H>());
  Random random(1);
  for (std::size_t round = 0; round < 8; ++round) {
    const std::vector<float> state = detail::random_values(random, hidden);
    const std::vector<float> logits = detail::random_values(random, vocabulary, 3);
    const std::vector<float> first = detail::adjusted(hook, state, logits, law);
    detail::adjusted(hook, detail::random_values(random, hidden), detail::random_values(random, vocabulary), law);
    law.same_bits(detail::adjusted(hook, state, logits, law), first, "round ", round, ", asked again");
  }
}

/// Finite logits stay finite, however large; where one is NaN one stays so.
template <generate::LogitsHook H>
void logits_that_cannot_be_sampled_stay_so(H& hook, std::size_t hidden, std::size_t vocabulary) {
  const Law law("finite logits stay finite, and where one is NaN one stays so", model_name<H>());
  Random random(2);
  for (const float scale : {1e-3F, 1.0F, 100.0F, 1e6F}) {
    const std::vector<float> state = detail::random_values(random, hidden);
    std::vector<float> logits = detail::random_values(random, vocabulary, scale);
    const std::vector<float> sound = detail::adjusted(hook, state, logits, law);
    law.holds(std::all_of(sound.begin(), sound.end(), [](float x) { return std::isfinite(x); }),
              "logits of about ", scale, ": ", [&] { return some_of(sound); });
    logits[random.below(vocabulary)] = std::numeric_limits<float>::quiet_NaN();
    const std::vector<float> broken = detail::adjusted(hook, state, logits, law);
    law.holds(std::any_of(broken.begin(), broken.end(), [](float x) { return std::isnan(x); }),
              "NaN among logits of about ", scale, ": ", [&] { return some_of(broken); });
  }
}

/// All laws.
template <generate::LogitsHook H>
void logits_hook(H& hook, std::size_t hidden, std::size_t vocabulary) {
  logits_depend_on_state_and_logits(hook, hidden, vocabulary);
  logits_that_cannot_be_sampled_stay_so(hook, hidden, vocabulary);
}

}  // namespace asterism::laws
