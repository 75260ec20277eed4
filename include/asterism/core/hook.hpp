// How a hook, an object of the user's that a run calls, reaches what calls it; and what stands for none.
#pragma once

#include <type_traits>

namespace asterism {

/// The default of the aliases of a Blueprint that name hooks: nothing is called, and nothing is read for it.
struct NoHook {
  friend constexpr bool operator==(NoHook, NoHook) = default;
};

/// False for NoHook.
template <class H>
inline constexpr bool is_hook = !std::is_same_v<H, NoHook>;

/// The address of a hook, null for none; where a variant has NoHook, an empty object.
template <class H>
using HookPointer = std::conditional_t<is_hook<H>, H*, NoHook>;

}  // namespace asterism
