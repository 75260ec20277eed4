// The contract of a logits hook: what changes logits before the sampler draws from them.
#pragma once

#include <concepts>

#include "asterism/core/view.hpp"

namespace asterism::generate {

namespace needs {

template <class H>
concept adjust = requires(H& hook, View<const float> hidden, View<float> logits) {
  { hook.adjust(hidden, logits) } -> std::same_as<void>;
};

}  // namespace needs

/// A logits hook stands between the head and the sampler: once for each token that an answer draws.
///
/// 1. `adjust(hidden, logits)`: hidden (hidden) is the last token's state behind the last layer and the final norm, as
///    Session::visit_hidden yields it; logits (vocabulary) are its product with the head, and may be changed.
/// 2. They depend on the two and what the hook knows alone. Where a logit is NaN one stays so, for the sampler to
///    refuse; finite logits stay finite.
/// 3. Calls come from the thread that runs the model, one at a time for all models on the same devices. After one that
///    throws the step may be run again.
///
/// Logits that are read, scored or written (Session::logits, log_probabilities) are the model's own.
///
/// Models: librarian::KnnLogits.
template <class H>
concept LogitsHook = needs::adjust<H>;

/// Stands for NoHook, which nobody calls.
struct LogitsAsTheyAre {
  void adjust(View<const float> hidden, View<float> logits);
};

/// Fails to compile if a hook lacks a member; compilers name the member.
template <LogitsHook H>
struct CheckedLogitsHook {
  static constexpr bool complete = true;
};

}  // namespace asterism::generate
