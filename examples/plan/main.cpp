// Whether a model fits a machine, and how fast it would answer, before any weight is there.
#include <algorithm>
#include <asterism/backend/arena.hpp>
#include <asterism/core/bytes.hpp>
#include <asterism/core/error.hpp>
#include <asterism/core/format.hpp>
#include <asterism/core/view.hpp>
#include <asterism/file/new_file.hpp>
#include <asterism/machine/measure.hpp>
#include <asterism/machine/parse.hpp>
#include <asterism/machine/probe.hpp>
#include <asterism/parallel/threads.hpp>
#include <cstddef>
#include <cstdint>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

#include "../support/command_line.hpp"
#include "../support/conversation.hpp"
#include "model.hpp"
#include "rows.hpp"
#include "variants.hpp"

namespace example {

constexpr std::int32_t default_context = 4096;
constexpr std::int32_t default_chunk = 512;

struct Arguments {
  std::string model;
  std::string machine;
  std::string link;
  std::vector<std::string> variants;
  std::int32_t context = 0;
  std::int32_t prefill_chunk = 0;
  std::int32_t threads = 0;
  std::string json;
  bool probe = false;
};

/// A host for --machine; speeds that are not known are left out, since the option takes none that is 0.
std::string option_of(const Machine& machine) {
  std::string text = concat("host:", machine.capacity[0].count >> 20U, "MiB");
  const auto add = [&](std::uint64_t speed, std::uint64_t unit, std::string_view name) {
    if (speed >= unit) text += concat("@", speed / unit, name);
  };
  add(machine.rates[0].count, 1'000'000, "MB/s");
  add(machine.integer_peaks[0], 1'000'000'000, "GOP/s");
  add(machine.float_peaks[0], 1'000'000'000, "GFLOP/s");
  return text;
}

/// This machine, measured for about 20 seconds.
Machine probed(std::int32_t threads) {
  constexpr Bytes buffer = 1_GiB;
  constexpr double seconds = 18;
  parallel::Threads execution(threads > 0 ? static_cast<std::size_t>(threads)
                                          : parallel::Threads::default_threads());
  Machine machine;
  {
    backend::Arena arena(0, buffer);
    const backend::Buffer memory = arena.allocate(buffer, "reading");
    const View<std::uint64_t> words(reinterpret_cast<std::uint64_t*>(memory.data()),
                                    buffer.count / sizeof(std::uint64_t));
    for (std::size_t i = 0; i < words.size; ++i) words[i] = i * 0x9E3779B97F4A7C15U;
    machine = machines::measured_machine(execution, View<const std::uint64_t>(words), seconds);
  }
  machine.capacity = machines::this_machine().capacity;
  tell(concat("measured with ", counted(static_cast<std::int64_t>(execution.threads()), "thread"), ": --machine ",
              option_of(machine), "\n"));
  return machine;
}

Machine chosen_machine(const Arguments& arguments) {
  Machine machine;
  if (arguments.probe) {
    machine = probed(arguments.threads);
  } else if (arguments.machine.empty()) {
    machine = machines::this_machine();
  } else {
    machine = of_option([&] { return parse_machine(arguments.machine); });
  }
  if (!arguments.link.empty()) of_option([&] { parse_link(arguments.link, machine); });
  return machine;
}

std::vector<const PlannedFormat*> chosen_formats(const Arguments& arguments) {
  std::vector<const PlannedFormat*> out;
  for (const PlannedFormat& format : planned_formats()) {
    if (arguments.variants.empty() || std::ranges::count(arguments.variants, format.resident.name) > 0)
      out.push_back(&format);
  }
  return out;
}

Limits chosen_limits(const Arguments& arguments, const Shape& shape) {
  if (arguments.context > shape.max_positions) {
    throw OptionError(concat("--context ", arguments.context, ": this model takes 1 to ", shape.max_positions,
                             "; give a shorter one"));
  }
  Limits limits;
  limits.context = arguments.context > 0 ? arguments.context : std::min(default_context, shape.max_positions);
  limits.prefill_chunk =
      std::min(arguments.prefill_chunk > 0 ? arguments.prefill_chunk : default_chunk, limits.context);
  return limits;
}

/// Throws Unsupported, naming the model, where none of the compiled variants plans it.
std::vector<PlanRow> planned(const std::vector<const PlannedFormat*>& formats, const PlanTask& task) {
  try {
    return plan_rows(formats, task.machine, task.shape, task.limits);
  } catch (const Unsupported& error) {
    throw Unsupported(concat(task.model, ": ", error.what(),
                             ". The variants of this program are in examples/plan/variants.cpp: add one there"));
  }
}

int run(const Arguments& arguments) {
  if (!arguments.json.empty()) file::NewFile(arguments.json, 0);  // before the work, not after it
  PlanTask task{.model = arguments.model, .shape = read_shape(arguments.model), .limits = {}, .machine = {}};
  task.limits = chosen_limits(arguments, task.shape);
  task.machine = chosen_machine(arguments);
  const std::vector<const PlannedFormat*> formats = chosen_formats(arguments);
  const std::vector<PlanRow> rows = planned(formats, task);
  show(text_report(task, rows));
  if (!arguments.json.empty()) file::write_text_file(arguments.json, json_report(task, rows));
  return std::ranges::any_of(rows, [](const PlanRow& row) { return row.plan.fits(); }) ? Status::done
                                                                                       : Status::failed;
}

void declare(CLI::App& app, Arguments& arguments) {
  app.footer(
      concat("Examples:\n"
             "  asterism-plan mixtral_8x7b --machine \"rtx_4060_ti_16gb,rtx_4060_ti_16gb\"\n"
             "  asterism-plan Mixtral-8x7B-v0.1/config.json \\\n"
             "    --machine \"16GiB@288GB/s,host:64GiB@60GB/s\" --link 12GB/s+20us\n"
             "  asterism-plan qwen3_30b_a3b --probe --variants nf4,int8\n\n"
             "Ranges go from the least to the most of what kernels were measured to make of a machine, with a "
             "full and with an empty context; what is unknown is not claimed.\n\n",
             exit_statuses, " 1 also where no variant fits."));
  app.add_option(
         "model", arguments.model,
         "A config.json, a folder with one, a GGUF file, of which no weight is read, or a published model: " +
             shape_names())
      ->required()
      ->option_text("CONFIG|FOLDER|NAME");
  app.add_option(
         "--machine", arguments.machine,
         "Devices in the order in which layers pass them, each with its memory and behind an @ what is read of "
         "it in a second: 16GiB@288GB/s,host:64GiB@60GB/s,disk:100GB@1GB/s; of a host also what it computes "
         "at most: @400GOP/s@150GFLOP/s; or names of cards, such as rtx_3090; by default this machine's free "
         "memory")
      ->option_text("DEVICES");
  app.add_flag(
         "--probe", arguments.probe,
         "Measure this machine for 20 seconds, and plan for it; the line for --machine goes to standard error")
      ->excludes("--machine");
  app.add_option("--link", arguments.link,
                 "What one device sends another in a second, and how long the first of it takes: 12GB/s+20us")
      ->option_text("RATE");
  std::vector<std::string> names;
  for (const PlannedFormat& format : planned_formats()) names.emplace_back(format.resident.name);
  app.add_option("--variants", arguments.variants,
                 "Formats of experts and attention: nf4, int4, int8, bfloat16, float32; by default all")
      ->delimiter(',')
      ->check(CLI::IsMember(names))
      ->option_text("NAMES");
  app.add_option("--context", arguments.context,
                 concat("Tokens of prompt and answer together, at most what the model was made for; by default ",
                        default_context, ", or that where it is less"))
      ->check(CLI::PositiveNumber)
      ->option_text("TOKENS");
  app.add_option("--prefill-chunk", arguments.prefill_chunk, "Prompt tokens that pass the layers together")
      ->check(CLI::PositiveNumber)
      ->option_text(concat("TOKENS [", default_chunk, "]"));
  app.add_option("--threads", arguments.threads, "Threads of --probe; by default one for each core")
      ->check(CLI::Range(1, 1024))
      ->option_text("N")
      ->needs("--probe");
  app.add_option("--json", arguments.json, "Write everything to this file")->option_text("FILE");
}

}  // namespace example

int main(int argc, char** argv) {
  return example::run_program([&](const example::Interrupt& /*interrupt*/) {
    example::Arguments arguments;
    CLI::App app(
        "Says whether a model fits a machine, what it lacks, and how fast it would answer, by its sizes alone: "
        "no weight is read or needs to be there. Bytes are those of the plans with which it would be loaded.",
        "asterism-plan");
    example::declare(app, arguments);
    if (const auto status = example::parse(app, argc, argv)) return *status;
    return example::run(arguments);
  });
}
