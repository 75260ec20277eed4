// How fast a planned model will answer, foretold from its plan, its sizes and the speeds of its machine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "asterism/core/config.hpp"
#include "asterism/lab/kernel_shares.hpp"
#include "asterism/placement/plan.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism::lab {

/// What takes the most of the time.
enum class Bottleneck : std::uint8_t {
  unknown,     ///< nothing is foretold
  memory,      ///< a device reads weights and caches
  compute,     ///< a device multiplies
  layers,      ///< what each layer takes besides
  hand_overs,  ///< rows go from device to device
  homes        ///< experts come from host memory or a disk
};

constexpr std::string_view name_of(Bottleneck bottleneck) {
  constexpr std::string_view names[] = {"unknown", "memory", "compute", "layers", "hand-overs", "experts"};
  return names[static_cast<std::size_t>(bottleneck)];
}

/// Tokens a second.
struct SpeedRange {
  double least = 0;  ///< 0: not known; then `most` is a limit, or about that where experts
                     ///< take turns, since hits are estimated
  double most = 0;   ///< 0: nothing is foretold
  Bottleneck bottleneck = Bottleneck::unknown;  ///< at the slower end
  std::size_t device = 0;                       ///< whose memory or arithmetic it is

  constexpr bool known() const { return most > 0; }
};

/// What the weights of a Blueprint are computed with.
struct Kernels {
  KernelShares layers{};
  KernelShares head{};
};

/// Tokens a second of one sequence: a chunk of a prompt from its first token on, limits.prefill_chunk tokens, and
/// decode, at the slower end with a full context and the least shares, at the faster with an empty one and the most.
struct SpeedForecast {
  SpeedRange prefill;
  SpeedRange decode;
};

/// For the model of `shape` that `plan` places. A decoded token takes the sum over devices of what is longer, reading
/// its weights and caches or computing with them, and what each layer takes besides; and for each change of device the
/// link's latency and time. What is unknown is not claimed: without the rate of a device that runs layers there is no
/// range; without its peaks, for accelerators, on which no kernel was measured, and for hand-overs over a link of
/// unknown rate there is a limit alone. Prefill needs peaks. Where experts take turns, decode is `decode_seconds` with
/// the share of experts found in slots between hits.least and hits.most, and prefill is not foretold. Seconds are those
/// of plan.machine on as many threads as its figures were measured with.
SpeedForecast forecast_speed(const placement::Plan& plan, const Shape& shape, const Limits& limits,
                             const Kernels& kernels, const Share& hits = {});

/// Shares of experts found in slots, where slots for those that stay number `kept` of all `experts`: from that of a
/// router that has no favourites to what cache::Hazard finds on the shipped trace. Source: docs/policies/cache.md.
Share slot_hits(std::int32_t kept, std::int32_t experts);

}  // namespace asterism::lab

#if !defined(ASTERISM_COMPILED)
#include "asterism/lab/speed_forecast_impl.hpp"
#endif
