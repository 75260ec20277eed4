// Experts that do not fit: what caches and prefetchers are worth on a routing trace, before anything is loaded, and
// what this machine gives them.
#include <asterism/core/format.hpp>
#include <asterism/file/path.hpp>
#include <asterism/lab/routed_sequence.hpp>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "../support/command_line.hpp"
#include "../support/interrupt.hpp"
#include "commands.hpp"
#include "simulation.hpp"

namespace example {

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

/// What an imported file can't say, and the size of an expert.
void declare_trace(CLI::App& command, Arguments& arguments) {
  command.add_option("--expert-bytes", arguments.expert_bytes, "Size of an expert, such as 90MB")
      ->option_text("SIZE");
  command.add_option("--experts", arguments.experts, "Experts of a layer, where an imported file can't say")
      ->check(CLI::Range(1, lab::RoutingSizes::max_experts))
      ->option_text("N");
  command.add_option("--top-k", arguments.top_k, "Experts of a token, where an imported file can't say")
      ->check(CLI::Range(1, lab::RoutingSizes::max_experts))
      ->option_text("N");
  command.footer(exit_statuses);
}

void declare_json(CLI::App& command, std::string& json) {
  command.add_option("--json", json, "Write the table to this file too")->option_text("FILE");
}

void declare_required_trace(CLI::App& command, Arguments& arguments) {
  command.add_option("trace", arguments.trace, "A routing trace, or routes as docs/routing-traces.md says")
      ->required()
      ->option_text("FILE");
}

void declare_caches(CLI::App& command, Arguments& arguments) {
  command.add_option("--caches", arguments.caches, "Names, separated by commas; see residency --help")
      ->delimiter(',')
      ->check(one_of(cache_names))
      ->option_text("NAMES");
}

/// What simulated time depends on.
void declare_times(CLI::App& command, Arguments& arguments) {
  command.add_option("--residency", arguments.residency, "Percent of the experts that fit")
      ->check(CLI::Range(0.0, 100.0))
      ->option_text("PERCENT [40]");
  command.add_option("--prefetch", arguments.prefetchers, "Names, separated by commas; see residency --help")
      ->delimiter(',')
      ->check(one_of(prefetch_names))
      ->option_text("NAMES");
  command.add_option("--rule", arguments.rule, "Who says what is copied ahead: veto, confidence, or always")
      ->check(CLI::IsMember({"veto", "confidence", "always"}))
      ->option_text("RULE [veto]");
  command.add_option("--device", arguments.device_gbps, "GB/s of the device's memory, for a layer's time")
      ->check(CLI::Range(1e-3, 1e6))
      ->option_text("GB/S [400]");
  command.add_option("--expert-share", arguments.expert_share, "Experts' part of a layer's time")
      ->check(CLI::Range(0.01, 1.0))
      ->option_text("SHARE [0.75]");
  command.add_option("--layer-us", arguments.layer_us, "A layer's time in microseconds, instead of --device")
      ->check(CLI::Range(1e-3, 1e9))
      ->option_text("US");
  command.add_option("--pieces", arguments.pieces, "Of a copy: what is urgent waits for the end of one")
      ->check(CLI::Range(1, 100'000))
      ->option_text("N [4]");
}

void declare_timelines(CLI::App& command, Arguments& arguments) {
  command.add_option("--html", arguments.html, "Write a page with table and timelines to this file")
      ->option_text("FILE");
  command
      .add_option("--perfetto", arguments.perfetto,
                  "Write the timelines to this file, for ui.perfetto.dev or chrome://tracing")
      ->option_text("FILE");
  command
      .add_option("--timeline-tokens", arguments.timeline_tokens,
                  "Tokens of a timeline, the last ones of its run; by default 48 shared by the runs")
      ->check(CLI::Range(1, 10'000))
      ->option_text("N");
}

CLI::App& declare_replay(CLI::App& app, Arguments& arguments) {
  CLI::App& command = *app.add_subcommand("replay", "Hits of each cache on a trace, beside the optimum");
  declare_required_trace(command, arguments);
  command.add_option("--residency", arguments.residencies, "Percent of the experts that fit, by commas")
      ->delimiter(',')
      ->check(CLI::Range(0.0, 100.0))
      ->option_text("LIST [20,40,60]");
  declare_caches(command, arguments);
  declare_trace(command, arguments);
  declare_json(command, arguments.json);
  return command;
}

CLI::App& declare_benchmark(CLI::App& app, Arguments& arguments) {
  CLI::App& command =
      *app.add_subcommand("benchmark", "Tokens per second of caches and prefetchers over links, simulated");
  command.add_option("--iterations", arguments.iterations, "Tokens to simulate")
      ->check(CLI::Range(1, 1'000'000))
      ->option_text("N [200]");
  command.add_option("--trace", arguments.trace, "Of this routing trace; by default a synthetic one")
      ->option_text("FILE");
  command
      .add_option("--shape", arguments.shape,
                  "Of the synthetic one: m, like Mixtral 8x7B, or q, like Qwen3-30B-A3B")
      ->check(CLI::IsMember({"m", "q"}))
      ->option_text("SHAPE [q]");
  command.add_option("--seed", arguments.seed, "Of the synthetic one")->option_text("N [1]");
  command.add_option("--link", arguments.own_links, "GB/s of a link of one's own, instead of the known ones")
      ->delimiter(',')
      ->check(CLI::Range(1e-3, 1e6))
      ->option_text("LIST");
  declare_caches(command, arguments);
  declare_times(command, arguments);
  declare_trace(command, arguments);
  declare_json(command, arguments.json);
  declare_timelines(command, arguments);
  return command;
}

CLI::App& declare_compare(CLI::App& app, Arguments& arguments) {
  CLI::App& command = *app.add_subcommand(
      "compare", "Prefetchers beside each other: on a trace, simulated, or with a model, live");
  declare_required_trace(command, arguments);
  command
      .add_option("--iterations", arguments.iterations,
                  "Tokens to simulate, by default all; of a model tokens of each answer, by default 64")
      ->check(CLI::Range(1, 1'000'000'000))
      ->option_text("N");
  command.add_option("--cache", arguments.cache, "Its name; see residency --help")
      ->check(one_of(cache_names))
      ->option_text("NAME [hazard]");
  command.add_option("--link", arguments.link, "GB/s of the link")
      ->check(CLI::Range(1e-3, 1e6))
      ->option_text("GB/S [25]");
  command
      .add_option(
          "--spill", arguments.spill,
          "Of a model: the file of its experts, as quantize --experts writes it; by default a temporary one")
      ->option_text("FILE");
  command.add_option("--rounds", arguments.rounds, "Of a model: how often each answers, in turns")
      ->check(CLI::Range(1, 1000))
      ->option_text("N [3]");
  command.add_option("--threads", arguments.threads, "Of a model: worker threads; by default one for each core")
      ->check(CLI::Range(1, 64))
      ->option_text("N");
  declare_times(command, arguments);
  declare_trace(command, arguments);
  declare_json(command, arguments.json);
  declare_timelines(command, arguments);
  return command;
}

/// Throws OptionError for a flag of the other kind of comparison.
void check_compare(const CLI::App& compare, bool is_model) {
  for (const char* flag :
       {"--cache", "--link", "--rule", "--device", "--expert-share", "--layer-us", "--pieces", "--expert-bytes",
        "--experts", "--top-k", "--html", "--perfetto", "--timeline-tokens"}) {
    if (is_model && compare.count(flag) > 0) {
      throw OptionError(
          concat(flag, " goes with a trace, not with the folder of a model, which runs with hazard"));
    }
  }
  for (const char* flag : {"--spill", "--rounds", "--threads"}) {
    if (!is_model && compare.count(flag) > 0) {
      throw OptionError(concat(flag, " goes with the folder of a model, not with a trace"));
    }
  }
}

CLI::App& declare_profile(CLI::App& app, ProfileArguments& arguments) {
  CLI::App& command =
      *app.add_subcommand("profile", "What this machine's disk, memory and cores give experts that take turns");
  command.add_option("--shape", arguments.shape, "Experts of m, Mixtral 8x7B, or of q, Qwen3-30B-A3B")
      ->check(CLI::IsMember({"m", "q"}))
      ->option_text("SHAPE [m]");
  command.add_option("--format", arguments.format, "Of their weights: nf4, int4 or int8")
      ->check(CLI::IsMember({"nf4", "int4", "int8"}))
      ->option_text("NAME [nf4]");
  command
      .add_option("--file", arguments.file,
                  "Read from this file, such as a spill file; by default from a temporary one")
      ->option_text("FILE");
  command.add_option("--folder", arguments.folder, "Where the temporary file is: on the disk to be measured")
      ->option_text("FOLDER [.]");
  command
      .add_option("--size", arguments.size,
                  "Of the temporary file, and at most of the memory that is read. Take more than caches hold")
      ->option_text("SIZE [1GiB]");
  command.add_option("--repetitions", arguments.repetitions, "Of each measurement")
      ->check(CLI::Range(1, 1000))
      ->option_text("N [7]");
  command.add_option("--threads", arguments.threads, "That compute and read memory; by default one for each core")
      ->check(CLI::Range(1, 1024))
      ->option_text("N");
  declare_json(command, arguments.json);
  command.footer(exit_statuses);
  return command;
}

}  // namespace example

int main(int argc, char** argv) {
  return example::run_program([&](const example::Interrupt& interrupt) {
    using asterism::concat;
    example::Arguments arguments;
    example::ProfileArguments profile_arguments;
    CLI::App app(
        "Experts that do not fit: how many of the experts that a model asks for a cache would have, and how fast "
        "the "
        "model would be over a link, by a routing trace alone. No model is loaded, unless compare is given the "
        "folder "
        "of one; times are simulated, except those of models, and what profile measures on this machine.",
        "residency");
    app.require_subcommand(0, 1);
    app.footer(concat("Caches: ", example::listed(example::cache_names),
                      ".\nPrefetchers: ", example::listed(example::prefetch_names),
                      ".\n\nExamples:\n"
                      "  residency replay examples/small_mixtral/held_out_cards.trace\n"
                      "  residency compare examples/small_mixtral/held_out_cards.trace --html it.html\n"
                      "  residency compare examples/small_mixtral/checkpoint\n"
                      "  residency benchmark --iterations 500\n"
                      "  residency benchmark --shape m --link 1.5 --residency 25\n"
                      "  residency profile --folder path/on/the/disk\n\n",
                      example::exit_statuses));
    const CLI::App& replay = example::declare_replay(app, arguments);
    const CLI::App& benchmark = example::declare_benchmark(app, arguments);
    const CLI::App& compare = example::declare_compare(app, arguments);
    const CLI::App& profile = example::declare_profile(app, profile_arguments);
    if (const auto status = example::parse(app, argc, argv)) return *status;
    if (replay.parsed()) return example::replay(arguments);
    if (benchmark.parsed()) return example::benchmark(arguments);
    if (compare.parsed()) {
      const bool is_model = asterism::file::path_kind(arguments.trace) == asterism::file::PathKind::folder;
      example::check_compare(compare, is_model);
      return is_model ? example::compare_model(arguments, interrupt) : example::compare(arguments);
    }
    if (profile.parsed()) return example::profile(profile_arguments, interrupt);
    throw example::OptionError("a command is missing: replay, benchmark, compare or profile; see --help");
  });
}
