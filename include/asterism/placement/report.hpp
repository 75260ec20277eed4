// The plan as people read it: what each device holds, by component and by layer, with bars, and what follows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "asterism/core/bytes.hpp"
#include "asterism/core/config.hpp"
#include "asterism/placement/memory_footprint.hpp"
#include "asterism/placement/plan.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism::placement {

/// One table a device: every component with its bytes, its share of the budget and a bar (full: the whole budget),
/// the peak, and the headroom or what is missing.
std::string component_table(const Plan& plan);

/// One line for each run of equal layers on a device: what a layer takes, by kind.
std::string layer_table(const Plan& plan);

/// What becomes of a tied head, in words; empty where the head is a matrix of its own.
std::string tied_head_line(const Plan& plan);

/// The device holds something.
constexpr bool is_used(const Plan& plan, std::size_t device) { return plan.peak(device) > Bytes{0}; }

/// What the numbers suggest, a line each. `max_positions`: what the model was made for.
std::string recommendations(const Plan& plan, const Limits& limits, std::int32_t max_positions);

/// The smallest equal budgets, multiples of 64, under which the policy fits `footprint` on `count` devices, with
/// `spare` of them on top (0.05: five percent).
template <class Placement>
constexpr Machine smallest_equal_budgets(const MemoryFootprint& footprint, std::size_t count, double spare) {
  const auto fits = [&](std::uint64_t budget) {
    return Placement::plan(footprint, equal_devices(count, Bytes{budget})).fits();
  };
  const Plan boundless = Placement::plan(footprint, equal_devices(count, Bytes{std::uint64_t{1} << 60U}));
  std::uint64_t enough = aligned(boundless.largest_peak().count);
  std::uint64_t too_small = enough == 0 || !fits(enough - alignment) ? enough - alignment : 0;
  // A policy that fills one device after the other took the first alone: search what lies between.
  while (enough - too_small > alignment) {
    const std::uint64_t middle = too_small + (enough - too_small) / (2 * alignment) * alignment;
    if (fits(middle)) {
      enough = middle;
    } else {
      too_small = middle;
    }
  }
  const double with_spare = static_cast<double>(enough) * (1 + spare);
  return equal_devices(count, Bytes{aligned(static_cast<std::uint64_t>(with_spare))});
}

}  // namespace asterism::placement

#if !defined(ASTERISM_COMPILED)
#include "asterism/placement/report_impl.hpp"
#endif
