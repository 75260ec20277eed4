// How experts take turns in the slots of a device, which follows from how many slots there are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace asterism::residency {

/// From the fewest slots to the most. All answer with the same bits.
enum class Strategy : std::uint8_t {
  none,          ///< too few slots: the plan does not fit
  streaming,     ///< two at least: each expert is read when it is needed, nothing is kept and nothing read ahead
  single_async,  ///< those of a token and two: a cache keeps experts; slots beyond a token's hold what is read ahead
  double_buffer  ///< two layers' experts in four fifths of them: as many are read ahead as a token needs
};

/// Slots without which nothing works: one is read while another one is computed.
inline constexpr std::int32_t least_streaming_slots = 2;

/// Of a device with `slots` slots for layers of `experts` experts, of which a token needs `top_k` in each.
constexpr Strategy strategy(std::int64_t slots, std::int32_t experts, std::int32_t top_k) {
  if (slots < least_streaming_slots) return Strategy::none;
  if (slots < std::int64_t{top_k} + 2) return Strategy::streaming;
  return 4 * slots >= 5 * 2 * std::int64_t{experts} ? Strategy::double_buffer : Strategy::single_async;
}

/// Slots for experts that are not kept, among them those that are read ahead.
constexpr std::int64_t passing_slots(std::int64_t slots, std::int32_t top_k, bool looks_ahead) {
  if (slots < std::int64_t{top_k} + 2) return slots;
  const std::int64_t beside = slots - top_k < top_k ? slots - top_k : top_k;
  return looks_ahead && beside > 2 ? beside : 2;
}

constexpr std::string_view name_of(Strategy strategy) {
  constexpr std::string_view names[] = {"too few slots", "Streaming", "SingleAsync", "DoubleBuffer"};
  return names[static_cast<std::size_t>(strategy)];
}

}  // namespace asterism::residency
