// Bodies of memory_report.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "asterism/core/format.hpp"
#include "asterism/generate/memory_report.hpp"
#include "asterism/parallel/threads.hpp"
#include "asterism/placement/report.hpp"
#include "asterism/residency/strategy.hpp"
#include "asterism/simd/level.hpp"
#include "asterism/simd/tuning.hpp"

namespace asterism::generate {

ASTERISM_INLINE std::string memory_report(const placement::Plan& plan, const Limits& limits, const Shape& shape,
                                          View<const ArenaUse> arenas, View<const std::int32_t> slots,
                                          std::string_view policies, const checkpoint::PassedOver& passed) {
  std::string text = placement::component_table(plan);
  text += "\n" + placement::layer_table(plan) + "\n" + placement::tied_head_line(plan);
  for (std::size_t d = 0; d < arenas.size; ++d) {
    const Bytes planned = plan.peak(d);
    const Bytes high = arenas[d].high_water;
    const double ratio =
        planned.count == 0 ? 1 : static_cast<double>(high.count) / static_cast<double>(planned.count);
    text += concat("device ", d, ": planned ", to_string(planned), ", high water ", to_string(high), " (",
                   fixed(100 * ratio, 2), " % of the plan), in use now ", to_string(arenas[d].used), "\n");
  }
  text += strategy_lines(plan, slots);
  text += concat("instruction set ", simd::name(simd::level()), " tuned by ", simd::tuning().source, " (",
                 simd::to_string(simd::tuning().tuning), "), ", limits.threads, " threads, ", policies, "\n");
  if (passed.tensors > 0) {
    text += concat(passed.tensors, " tensors of ", passed.prefix, "* (", to_string(passed.bytes),
                   " of the checkpoint) passed over: the model does not use them\n");
  }
  text += placement::recommendations(plan, limits, shape.max_positions);
  if (simd::tiles_refused() && simd::level() == simd::Level::avx512) {
    text += "- This processor has AMX, but the system does not let the process use it: prompts take AVX-512.\n";
  }
  if (simd::level() != simd::best_level()) {
    text += concat("- This machine has ", simd::info(simd::best_level()).needs,
                   ", which is faster: unset ASTERISM_SIMD.\n");
  }
  const std::size_t cores = parallel::Threads::default_threads();
  if (static_cast<std::size_t>(limits.threads) < cores) {
    text += concat("- ", cores, " threads could work here, ", limits.threads, " do: raise Limits::threads.\n");
  } else if (static_cast<std::size_t>(limits.threads) > cores) {
    text += concat("- ", limits.threads, " threads share ", cores, " cores: lower Limits::threads.\n");
  }
  return text;
}

ASTERISM_INLINE std::string strategy_lines(const placement::Plan& plan) {
  std::vector<std::int32_t> planned;
  for (std::size_t d = 0; d < plan.devices(); ++d) planned.push_back(plan.expert_slots(d));
  return strategy_lines(plan, View<const std::int32_t>(planned));
}

ASTERISM_INLINE std::string strategy_lines(const placement::Plan& plan, View<const std::int32_t> now) {
  std::string text;
  const placement::SlottedExperts& experts = plan.footprint.slotted;
  for (std::size_t d = 0; d < plan.devices(); ++d) {
    if (plan.slotted_experts(d) == 0) continue;
    text +=
        concat("experts in turns on device ", d, ": ",
               name_of(residency::strategy(now[d], experts.per_layer, experts.per_token)), ", ", now[d], " slots");
    if (const std::int32_t planned = plan.expert_slots(d); planned != now[d])
      text += concat(", planned ", planned);
    text += "\n";
  }
  return text;
}

ASTERISM_INLINE std::string slot_line(const residency::SlotCounts& counts) {
  if (counts.uses == 0) return {};
  std::string text = concat("experts in turns: ", counts.uses, " uses, ", fixed(100 * counts.hit_rate(), 1),
                            " % in a slot, ", counts.fetched, " fetched, ", counts.bypassed, " passed through");
  if (counts.looks_ahead)
    text += concat(", ", counts.predicted, " predicted, ", counts.read_ahead, " of these read ahead, ",
                   counts.late, " late, ", counts.wasted, " wasted");
  if (counts.copied > 0) text += concat(", ", to_string(Bytes{counts.copied}), " copied from host memory");
  if (counts.bytes > 0) {
    text += concat(", ", to_string(Bytes{counts.bytes}), " read ",
                   counts.direct ? "directly" : "through the system's cache");
  }
  text += concat(", waited ", fixed(counts.seconds_waited, 2), " s\n");
  const auto add_times = [&](const char* from, const residency::FetchTimes& times) {
    if (times.count() == 0) return;
    const auto milliseconds = [&](double share) { return fixed(1e3 * times.quantile(share), 2); };
    text += concat(times.count(), " fetches from ", from, ": half within ", milliseconds(.5), " ms, 95 % within ",
                   milliseconds(.95), ", 99 % within ", milliseconds(.99), "\n");
  };
  add_times("the disk", counts.from_disk);
  add_times("host memory", counts.from_memory);
  return text;
}

}  // namespace asterism::generate
