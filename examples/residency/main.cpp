// Experts that do not fit: what caches and prefetchers are worth on a routing trace, before anything is loaded.
#include <algorithm>
#include <asterism/core/bytes.hpp>
#include <asterism/core/error.hpp>
#include <asterism/core/format.hpp>
#include <asterism/file/new_file.hpp>
#include <asterism/lab/belady.hpp>
#include <asterism/lab/import_routes.hpp>
#include <asterism/lab/synthetic_routes.hpp>
#include <cmath>
#include <cstdint>
#include <iostream>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "../support/command_line.hpp"
#include "../support/interrupt.hpp"
#include "simulation.hpp"

namespace example {

struct Arguments {
  std::string trace;
  std::string shape = "q";
  std::vector<double> residencies = {20, 40, 60};
  double residency = 40;
  std::vector<std::string> caches;
  std::vector<std::string> prefetchers = {"none", "pattern", "learned", "next_gate", "adaptive"};
  std::vector<double> own_links;
  std::string expert_bytes;
  std::string json;
  std::string rule = "veto";
  double layer_us = 0;
  double expert_share = 0.75;
  double device_gbps = 400;
  std::int32_t pieces = 4;
  std::int32_t iterations = 200;
  std::uint64_t seed = 1;
  std::int32_t experts = 0;
  std::int32_t top_k = 0;
};

/// One row of the tables, as JSON too.
class Row {
 public:
  Row& text(const char* name, const std::string& value, std::size_t width) {
    cells_ += pad_right(value, width);
    return field(name, concat("\"", value, "\""));
  }
  Row& number(const char* name, double value, int digits, std::size_t width) {
    cells_ += pad_left(fixed(value, digits), width);
    return field(name, concat(value));
  }
  Row& percent(const char* name, double share, std::size_t width) {
    cells_ += pad_left(fixed(100 * share, 1), width);
    return field(name, concat(share));
  }
  Row& field(const char* name, const std::string& value) {
    fields_ += concat(fields_.empty() ? "" : ", ", "\"", name, "\": ", value);
    return *this;
  }

  const std::string& line() const { return cells_; }
  std::string object() const { return concat("{", fields_, "}"); }

 private:
  std::string cells_;
  std::string fields_;
};

/// Shows the rows and writes them to --json.
void show(const Arguments& arguments, const std::string& title, const std::string& head,
          const std::vector<Row>& rows) {
  std::cout << title << "\n\n" << head << "\n";
  std::string objects;
  for (const Row& row : rows) {
    std::cout << row.line() << "\n";
    objects += concat(objects.empty() ? "" : ",\n", "  ", row.object());
  }
  check_output();
  if (!arguments.json.empty()) file::write_text_file(arguments.json, concat("[\n", objects, "\n]\n"));
}

lab::RoutingTrace read_trace(const Arguments& arguments) {
  return lab::read_any_routing_trace(arguments.trace, {.experts = arguments.experts, .top_k = arguments.top_k});
}

Bytes expert_bytes(const Arguments& arguments) {
  if (!arguments.expert_bytes.empty()) {
    const Bytes bytes = of_option([&] { return parse_bytes(arguments.expert_bytes); });
    if (bytes.count == 0) throw OptionError("--expert-bytes is 0, expected more");
    return bytes;
  }
  // Gate, up and down of Mixtral 8x7B and of Qwen3-30B-A3B at 4.5 bits a weight.
  return arguments.shape == "m" && arguments.trace.empty() ? Bytes{std::uint64_t{3} * 4096 * 14336 * 9 / 16}
                                                           : Bytes{std::uint64_t{3} * 2048 * 768 * 9 / 16};
}

std::uint64_t slots_of(const lab::RoutingSizes& sizes, double percent) {
  const double parts = static_cast<double>(sizes.layers) * static_cast<double>(sizes.experts);
  return static_cast<std::uint64_t>(std::lround(parts * percent / 100));
}

std::vector<std::string> chosen_caches(const Arguments& arguments, std::vector<std::string> otherwise) {
  return arguments.caches.empty() ? std::move(otherwise) : arguments.caches;
}

std::string trace_text(const lab::RoutingTrace& trace) {
  std::size_t tokens = 0;
  for (const lab::RoutedSequence& sequence : trace.sequences()) tokens += sequence.tokens.size();
  return concat(lab::to_string(trace.sizes()), ", ", tokens, " tokens");
}

int replay(const Arguments& arguments) {
  const lab::RoutingTrace trace = read_trace(arguments);
  const Bytes bytes = expert_bytes(arguments);
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
    for (const std::string& name : chosen_caches(arguments, {cache_names.begin(), cache_names.end()})) {
      add(name, replayed(trace, {.name = name, .slots = slots, .expert_bytes = bytes}));
    }
    add("optimum", best);
  }
  show(arguments, concat(arguments.trace, ":\n", trace_text(trace)),
       concat(pad_left("% fits", 8), pad_left("slots", 8), pad_right("  cache", 18), pad_left("hits %", 8),
              pad_left("of optimum", 12), pad_left("fetched", 11), pad_left("bypassed", 11)),
       rows);
  return Status::done;
}

lab::RoutingTrace benchmark_trace(const Arguments& arguments) {
  const auto tokens = static_cast<std::size_t>(arguments.iterations);
  if (!arguments.trace.empty()) return first_tokens(read_trace(arguments), tokens);
  lab::SyntheticRoutes routes = arguments.shape == "m" ? lab::synthetic::m : lab::synthetic::q;
  routes.guess_noise = 0.5;
  return lab::synthetic_trace(routes, tokens, arguments.seed);
}

int benchmark(const Arguments& arguments) {
  const lab::RoutingTrace trace = benchmark_trace(arguments);
  const lab::RoutingSizes& sizes = trace.sizes();
  const Bytes bytes = expert_bytes(arguments);
  const std::uint64_t slots = slots_of(sizes, arguments.residency);
  const auto size = static_cast<double>(bytes.count);
  const double experts_seconds = size * static_cast<double>(sizes.top_k) / (arguments.device_gbps * 1e9);
  const double layer_seconds =
      arguments.layer_us > 0 ? arguments.layer_us * 1e-6 : experts_seconds / arguments.expert_share;
  const lab::CopyRule rule = arguments.rule == "veto"         ? lab::CopyRule::veto
                             : arguments.rule == "confidence" ? lab::CopyRule::confidence
                                                              : lab::CopyRule::always;
  std::vector<Link> links = arguments.own_links.empty() ? known_links() : std::vector<Link>{};
  for (const double gbps : arguments.own_links) links.push_back({concat("own ", gbps), gbps * 1e9});
  const lab::ReplayCounts best = lab::belady(trace, slots);
  std::vector<Row> rows;
  for (const Link& link : links) {
    const lab::StepTimes times{.layer_seconds = layer_seconds,
                               .copy_seconds = size / link.bytes_per_second,
                               .expert_share = arguments.expert_share,
                               .pieces = arguments.pieces};
    for (const std::string& cache : chosen_caches(arguments, {"hazard", "least_recent"})) {
      for (const std::string& prefetcher : arguments.prefetchers) {
        const lab::TimedCounts counts = timed(trace, {cache, slots, bytes}, prefetcher, times, rule);
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
  show(arguments,
       concat(arguments.trace.empty() ? concat("Synthetic ", arguments.shape) : arguments.trace, ":\n",
              trace_text(trace), "\n", slots, " experts of ", to_string(bytes), " fit, ",
              fixed(arguments.residency, 0), " %; a layer takes ", fixed(layer_seconds * 1e6, 1),
              " us,\nand with everything resident there are ", fixed(1 / resident, 2), " tokens/s.\n",
              "res%: of that speed; lim%: of the limit that the hits leave, if copies and\n",
              "computing overlapped perfectly; rec%: of what is missing, foretold; GB: copied"),
       concat(pad_right("link", 11), pad_right("cache", 15), pad_right("prefetch", 14), pad_left("tok/s", 8),
              pad_left("res%", 6), pad_left("lim%", 6), pad_left("hit%", 6), pad_left("rec%", 6),
              pad_left("GB", 8)),
       rows);
  return Status::done;
}

template <class Names>
CLI::IsMember one_of(const Names& names) {
  return CLI::IsMember(std::vector<std::string>(names.begin(), names.end()));
}

template <class Names>
std::string listed(const Names& names) {
  std::string all;
  for (const char* name : names) all += concat(all.empty() ? "" : ", ", name);
  return all;
}

}  // namespace example

int main(int argc, char** argv) {
  return example::run_program([&](const example::Interrupt& /*interrupt*/) {
    using asterism::concat;
    example::Arguments arguments;
    CLI::App app(
        "Experts that do not fit: how many of the experts that a model asks for a cache would have, and how fast "
        "the "
        "model would be over a link, by a routing trace alone. Nothing is loaded; times are simulated.",
        "residency");
    app.require_subcommand(0, 1);
    app.footer(concat("Caches: ", example::listed(example::cache_names),
                      ".\nPrefetchers: ", example::listed(example::prefetch_names),
                      ".\n\nExamples:\n"
                      "  residency replay examples/small_mixtral/held_out_cards.trace\n"
                      "  residency benchmark --iterations 500\n"
                      "  residency benchmark --shape m --link 1.5 --residency 25\n\n",
                      example::exit_statuses));
    const auto common = [&](CLI::App& command) {
      command.add_option("--caches", arguments.caches, "Names, separated by commas; see residency --help")
          ->delimiter(',')
          ->check(example::one_of(example::cache_names))
          ->option_text("NAMES");
      command.add_option("--expert-bytes", arguments.expert_bytes, "Size of an expert, such as 90MB")
          ->option_text("SIZE");
      command.add_option("--experts", arguments.experts, "Experts of a layer, where an imported file can't say")
          ->check(CLI::Range(1, asterism::lab::RoutingSizes::max_experts))
          ->option_text("N");
      command.add_option("--top-k", arguments.top_k, "Experts of a token, where an imported file can't say")
          ->check(CLI::Range(1, asterism::lab::RoutingSizes::max_experts))
          ->option_text("N");
      command.add_option("--json", arguments.json, "Write the table to this file too")->option_text("FILE");
      command.footer(example::exit_statuses);
    };
    CLI::App* replay = app.add_subcommand("replay", "Hits of each cache on a trace, beside the optimum");
    replay->add_option("trace", arguments.trace, "A routing trace, or routes as docs/routing-traces.md says")
        ->required()
        ->option_text("FILE");
    replay->add_option("--residency", arguments.residencies, "Percent of the experts that fit, by commas")
        ->delimiter(',')
        ->check(CLI::Range(0.0, 100.0))
        ->option_text("LIST [20,40,60]");
    common(*replay);
    CLI::App* benchmark =
        app.add_subcommand("benchmark", "Tokens per second of caches and prefetchers over links, simulated");
    benchmark->add_option("--iterations", arguments.iterations, "Tokens to simulate")
        ->check(CLI::Range(1, 1'000'000))
        ->option_text(concat("N [", arguments.iterations, "]"));
    benchmark->add_option("--trace", arguments.trace, "Of this routing trace; by default a synthetic one")
        ->option_text("FILE");
    benchmark
        ->add_option("--shape", arguments.shape,
                     "Of the synthetic one: m, like Mixtral 8x7B, or q, like Qwen3-30B-A3B")
        ->check(CLI::IsMember({"m", "q"}))
        ->option_text("SHAPE [q]");
    benchmark->add_option("--seed", arguments.seed, "Of the synthetic one")->option_text("N [1]");
    benchmark->add_option("--residency", arguments.residency, "Percent of the experts that fit")
        ->check(CLI::Range(0.0, 100.0))
        ->option_text("PERCENT [40]");
    benchmark->add_option("--link", arguments.own_links, "GB/s of a link of one's own, instead of the known ones")
        ->delimiter(',')
        ->check(CLI::Range(1e-3, 1e6))
        ->option_text("LIST");
    benchmark->add_option("--prefetch", arguments.prefetchers, "Names, separated by commas; see residency --help")
        ->delimiter(',')
        ->check(example::one_of(example::prefetch_names))
        ->option_text("NAMES");
    benchmark->add_option("--rule", arguments.rule, "Who says what is copied ahead: veto, confidence, or always")
        ->check(CLI::IsMember({"veto", "confidence", "always"}))
        ->option_text("RULE [veto]");
    benchmark->add_option("--device", arguments.device_gbps, "GB/s of the device's memory, for a layer's time")
        ->check(CLI::Range(1e-3, 1e6))
        ->option_text("GB/S [400]");
    benchmark->add_option("--expert-share", arguments.expert_share, "Experts' part of a layer's time")
        ->check(CLI::Range(0.01, 1.0))
        ->option_text("SHARE [0.75]");
    benchmark->add_option("--layer-us", arguments.layer_us, "A layer's time in microseconds, instead of --device")
        ->check(CLI::Range(1e-3, 1e9))
        ->option_text("US");
    benchmark->add_option("--pieces", arguments.pieces, "Of a copy: what is urgent waits for the end of one")
        ->check(CLI::Range(1, 100'000))
        ->option_text("N [4]");
    common(*benchmark);
    if (const auto status = example::parse(app, argc, argv)) return *status;
    if (replay->parsed()) return example::replay(arguments);
    if (benchmark->parsed()) return example::benchmark(arguments);
    throw example::OptionError("a command is missing, replay or benchmark; see --help");
  });
}
