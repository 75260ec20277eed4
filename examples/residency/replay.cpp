// `replay`: hits alone, no time.
#include <asterism/core/format.hpp>
#include <asterism/lab/belady.hpp>
#include <string>
#include <vector>

#include "commands.hpp"
#include "simulation.hpp"
#include "table.hpp"

namespace example {

int replay(const Arguments& arguments) {
  const lab::RoutingTrace trace = read_trace(arguments);
  const Bytes bytes = expert_bytes(arguments);
  std::vector<std::string> caches = arguments.caches;
  if (caches.empty()) caches.assign(cache_names.begin(), cache_names.end());
  std::vector<Row> rows;
  for (const double percent : arguments.residencies) {
    const std::uint64_t slots = slots_of(trace.sizes(), percent);
    const lab::ReplayCounts best = lab::belady(trace, slots);
    const auto add = [&](const std::string& name, const lab::ReplayCounts& counts) {
      const double of_best =
          best.hits == 0 ? 1 : static_cast<double>(counts.hits) / static_cast<double>(best.hits);
      rows.emplace_back()
          .number("residency_percent", percent, 0, 8)
          .number("slots", static_cast<double>(slots), 0, 8)
          .text("cache", "  " + name, 18)
          .percent("hit_rate", counts.hit_rate(), 8)
          .percent("of_optimum", of_best, 12)
          .number("fetched", static_cast<double>(counts.fetches), 0, 11)
          .number("bypassed", static_cast<double>(counts.bypassed), 0, 11);
    };
    for (const std::string& name : caches) {
      add(name, replayed(trace, {.name = name, .slots = slots, .expert_bytes = bytes}));
    }
    add("optimum", best);
  }
  show(arguments.json, concat(arguments.trace, ":\n", trace_text(trace)),
       concat(pad_left("% fits", 8), pad_left("slots", 8), pad_right("  cache", 18), pad_left("hits %", 8),
              pad_left("of optimum", 12), pad_left("fetched", 11), pad_left("bypassed", 11)),
       rows);
  return Status::done;
}

}  // namespace example
