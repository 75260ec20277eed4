// Human-readable reports of a plan: what each device holds, by component and by layer, with bars and
// recommendations.
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

/// One table per device: every component with its bytes, its share of the budget and a bar (full: the whole
/// budget), the peak, and the headroom or deficit.
std::string component_table(const Plan& plan);

/// One line for each run of equal layers on a device: the bytes of a layer, by kind.
std::string layer_table(const Plan& plan);

/// The placement of a tied head, in words; empty if the head is a separate matrix.
std::string tied_head_line(const Plan& plan);

/// Whether the device holds anything.
constexpr bool is_used(const Plan& plan, std::size_t device) { return plan.peak(device) > Bytes{0}; }

/// Recommendations derived from the plan, a line each. `max_positions`: the positions that the model was trained
/// for.
std::string recommendations(const Plan& plan, const Limits& limits, std::int32_t max_positions);

/// The smallest equal budgets, multiples of 64, under which the policy fits `footprint` on `count` devices, plus
/// `spare` of them (0.05: five percent).
template <class Placement>
constexpr Machine smallest_equal_budgets(const MemoryFootprint& footprint, std::size_t count, double spare) {
  const auto fits = [&](std::uint64_t budget) {
    return Placement::plan(footprint, equal_devices(count, Bytes{budget})).fits();
  };
  const Plan boundless = Placement::plan(footprint, equal_devices(count, Bytes{std::uint64_t{1} << 60U}));
  std::uint64_t enough = aligned(boundless.largest_peak().count);
  std::uint64_t too_small = enough == 0 || !fits(enough - alignment) ? enough - alignment : 0;
  // With boundless budgets a policy that fills device by device uses only the first: search the range below.
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
