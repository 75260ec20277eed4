// `benchmark`: caches and prefetchers over several links, in simulated time.
#include <algorithm>
#include <asterism/core/format.hpp>
#include <asterism/lab/belady.hpp>
#include <asterism/lab/synthetic_routes.hpp>
#include <string>
#include <vector>

#include "commands.hpp"
#include "simulation.hpp"
#include "table.hpp"
#include "timelines.hpp"

namespace example {

namespace {

lab::RoutingTrace benchmark_trace(const Arguments& arguments) {
  const std::size_t tokens = arguments.iterations > 0 ? static_cast<std::size_t>(arguments.iterations) : 200;
  if (!arguments.trace.empty()) return first_tokens(read_trace(arguments), tokens);
  lab::SyntheticRoutes routes = arguments.shape == "m" ? lab::synthetic::m : lab::synthetic::q;
  routes.guess_noise = 0.5;
  return lab::synthetic_trace(routes, tokens, arguments.seed);
}

}  // namespace

int benchmark(const Arguments& arguments) {
  const lab::RoutingTrace trace = benchmark_trace(arguments);
  const lab::RoutingSizes& sizes = trace.sizes();
  const Bytes bytes = expert_bytes(arguments);
  const std::uint64_t slots = slots_of(sizes, arguments.residency);
  std::vector<std::string> caches = arguments.caches;
  if (caches.empty()) caches = {"hazard", "least_recent"};
  std::vector<std::string> prefetchers = arguments.prefetchers;
  if (prefetchers.empty()) prefetchers = {"none", "pattern", "learned", "next_gate", "adaptive"};
  std::vector<Link> links = arguments.own_links.empty() ? known_links() : std::vector<Link>{};
  for (const double gbps : arguments.own_links) links.push_back({concat("own ", gbps), gbps * 1e9});
  Timelines timelines(arguments, links.size() * caches.size() * prefetchers.size());
  const lab::ReplayCounts best = lab::belady(trace, slots);
  const double layer_seconds = step_times(arguments, sizes, 1).layer_seconds;
  std::vector<Row> rows;
  for (const Link& link : links) {
    const lab::StepTimes times = step_times(arguments, sizes, link.bytes_per_second);
    for (const std::string& cache : caches) {
      for (const std::string& prefetcher : prefetchers) {
        const lab::TimedCounts counts = timelines.record(
            concat(link.name, ", ", cache, ", ", prefetcher), link.name, [&](lab::Timeline* timeline) {
              return timed(trace, {cache, slots, bytes}, prefetcher, times, copy_rule(arguments), timeline);
            });
        rows.emplace_back()
            .text("link", link.name, 11)
            .text("cache", cache, 15)
            .text("prefetch", prefetcher, 14)
            .number("tokens_per_second", counts.tokens_per_second(), 2, 8)
            .percent("of_resident", counts.of_resident(), 6)
            .percent("of_limit", counts.of_limit(), 6)
            .percent("hit_rate", counts.cache.hit_rate(), 6)
            .percent("recall", counts.recall(), 6)
            .number("copied_gb", static_cast<double>(counts.cache.bytes.count) / 1e9, 1, 8)
            .field("copied_ahead", concat(counts.copied))
            .field("wasted", concat(counts.wasted));
      }
    }
    const double steps =
        static_cast<double>(trace.sequences().empty() ? 0 : best.accesses) / static_cast<double>(sizes.top_k);
    const double resident = steps * layer_seconds;
    const double limit = std::max(resident, static_cast<double>(best.accesses - best.hits) * times.copy_seconds);
    const double tokens = steps / static_cast<double>(sizes.layers);
    rows.emplace_back()
        .text("link", link.name, 11)
        .text("cache", "optimum", 15)
        .text("prefetch", "time limit", 14)
        .number("tokens_per_second", limit > 0 ? tokens / limit : 0, 2, 8)
        .percent("of_resident", limit > 0 ? resident / limit : 0, 6)
        .percent("of_limit", 1, 6)
        .percent("hit_rate", best.hit_rate(), 6);
  }
  const double resident = layer_seconds * static_cast<double>(sizes.layers);
  const std::string name = arguments.trace.empty() ? concat("Synthetic ", arguments.shape) : arguments.trace;
  const std::string setting =
      concat(trace_text(trace), "\n", slots, " experts of ", to_string(bytes), " fit, ",
             fixed(arguments.residency, 0), " %; a layer takes ", fixed(layer_seconds * 1e6, 1),
             " us,\nand with everything resident there are ", fixed(1 / resident, 2), " tokens/s.");
  show(arguments.json,
       concat(name, ":\n", setting,
              "\nres%: of that speed; lim%: of the limit that the hits leave, if copies and\n"
              "computing overlapped perfectly; rec%: of what is missing, predicted; GB: copied"),
       concat(pad_right("link", 11), pad_right("cache", 15), pad_right("prefetch", 14), pad_left("tok/s", 8),
              pad_left("res%", 6), pad_left("lim%", 6), pad_left("hit%", 6), pad_left("rec%", 6),
              pad_left("GB", 8)),
       rows);
  timelines.write(concat("Caches and prefetchers on ", name), setting);
  return Status::done;
}

}  // namespace example
