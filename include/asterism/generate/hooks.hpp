// The hooks of one session or request.
#pragma once

#include <type_traits>

#include "asterism/core/hook.hpp"
#include "asterism/generate/logits_hook.hpp"

namespace asterism {

/// What a session, or a request of a batch, is given of the hooks that its Blueprint names; null: none. They are used
/// in place: `logits` outlives the session or the request, `scores` the session or the batch, whose rows remember by
/// whom their caches were computed. Several may share one.
template <class B>
struct Hooks {
  using Checked = generate::CheckedLogitsHook<
      std::conditional_t<is_hook<typename B::LogitsHook>, typename B::LogitsHook, generate::LogitsAsTheyAre>>;
  static_assert(Checked::complete);

  HookPointer<typename B::LogitsHook> logits{};
  HookPointer<typename B::ScoreHook> scores{};
};

}  // namespace asterism
