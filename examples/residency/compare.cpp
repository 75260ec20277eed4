// `compare`: prefetchers beside each other, in simulated time. What runs a model instead of a trace belongs here too.
#include <algorithm>
#include <asterism/core/format.hpp>
#include <string>
#include <utility>
#include <vector>

#include "commands.hpp"
#include "simulation.hpp"
#include "table.hpp"
#include "timelines.hpp"

namespace example {

namespace {

struct Compared {
  std::string prefetcher;
  lab::TimedCounts counts{};
};

/// `none` first, as the others are compared with it, whether or not it was named.
std::vector<std::string> compared_names(const Arguments& arguments) {
  std::vector<std::string> names = arguments.prefetchers;
  if (names.empty()) names.assign(prefetch_names.begin(), prefetch_names.end());
  std::erase(names, "none");
  names.insert(names.begin(), "none");
  return names;
}

bool has_guesses(const lab::RoutingTrace& trace) {
  return std::ranges::any_of(trace.sequences(),
                             [](const lab::RoutedSequence& sequence) { return !sequence.guesses.empty(); });
}

/// What a reader of the table has to know of single rows.
std::string remarks(const lab::RoutingTrace& trace, const std::vector<std::string>& names) {
  const auto is_named = [&](const char* name) { return std::ranges::find(names, name) != names.end(); };
  std::string text;
  if (!has_guesses(trace) && is_named("next_gate")) {
    text += "\nnext_gate predicts nothing here: the trace has no guesses of next routers.";
  }
  if (is_named("pre_gated"))
    text += "\npre_gated is told each next layer's choice, as only a pre-gated model can.";
  return text;
}

}  // namespace

int compare(const Arguments& arguments) {
  const lab::RoutingTrace whole = read_trace(arguments);
  const std::size_t tokens =
      arguments.iterations > 0 ? static_cast<std::size_t>(arguments.iterations) : tokens_of(whole);
  const lab::RoutingTrace trace = first_tokens(whole, tokens);
  const lab::RoutingSizes& sizes = trace.sizes();
  const CacheChoice cache{arguments.cache, slots_of(sizes, arguments.residency), expert_bytes(arguments)};
  const lab::StepTimes times = step_times(arguments, sizes, arguments.link * 1e9);
  const std::vector<std::string> names = compared_names(arguments);
  Timelines timelines(arguments, names.size());
  std::vector<Compared> all;
  for (const std::string& name : names) {
    all.push_back({name, timelines.record(name, "", [&](lab::Timeline* timeline) {
                     return timed(trace, cache, name, times, copy_rule(arguments), timeline);
                   })});
  }
  const auto speed = [](const Compared& one) { return one.counts.tokens_per_second(); };
  std::stable_sort(all.begin() + 1, all.end(),
                   [&](const Compared& a, const Compared& b) { return speed(a) > speed(b); });
  const double base = speed(all.front());
  std::vector<Row> rows;
  for (const Compared& one : all) {
    const lab::TimedCounts& counts = one.counts;
    rows.emplace_back()
        .text("prefetch", one.prefetcher, 15)
        .percent("recall", counts.recall(), 6)
        .number("demanded", static_cast<double>(counts.demanded()), 0, 9)
        .number("copied_ahead", static_cast<double>(counts.copied), 0, 9)
        .number("wasted", static_cast<double>(counts.wasted), 0, 8)
        .number("copied_gb", static_cast<double>(counts.cache.bytes.count) / 1e9, 2, 9)
        .number("tokens_per_second", speed(one), 2, 10)
        .number("of_none", base > 0 ? speed(one) / base : 1, 3, 7)
        .percent("of_limit", counts.of_limit(), 6)
        .field("hit_rate", concat(counts.cache.hit_rate()))
        .field("waiting", concat(counts.waiting()));
  }
  const std::string setting =
      concat(trace_text(trace), "\n", cache.slots, " experts of ", to_string(cache.expert_bytes), " fit, ",
             fixed(arguments.residency, 0), " %, ", cache.name, " finds ",
             fixed(100 * all.front().counts.cache.hit_rate(), 1), " %;\na layer takes ",
             fixed(times.layer_seconds * 1e6, 1), " us, a copy at ", arguments.link, " GB/s ",
             fixed(times.copy_seconds * 1e6, 1),
             " us, T_c / T_l = ", fixed(times.copy_seconds / times.layer_seconds, 2), ".", remarks(trace, names));
  show(arguments.json,
       concat(arguments.trace, ":\n", setting,
              "\nrec%: of what is missing, predicted; lim%: of the limit that the hits leave, if\n"
              "copies and computing overlapped perfectly; GB: copied"),
       concat(pad_right("prefetch", 15), pad_left("rec%", 6), pad_left("demand", 9), pad_left("ahead", 9),
              pad_left("wasted", 8), pad_left("GB", 9), pad_left("tok/s", 10), pad_left("ratio", 7),
              pad_left("lim%", 6)),
       rows);
  timelines.sort();
  timelines.write(concat("Prefetchers on ", arguments.trace), setting);
  return Status::done;
}

}  // namespace example
