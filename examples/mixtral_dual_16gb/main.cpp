// Mixtral in 4 bits on two devices with a memory budget each: loads, answers, and on request shows plan and report.
#include <algorithm>
#include <asterism/core/error.hpp>
#include <asterism/core/format.hpp>
#include <asterism/core/progress_bar.hpp>
#include <asterism/file/path.hpp>
#include <asterism/generate/variant.hpp>
#include <asterism/lab/question_set.hpp>
#include <asterism/load.hpp>
#include <asterism/machine/machine.hpp>
#include <asterism/machine/probe.hpp>
#include <charconv>
#include <cstdint>
#include <iostream>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "../support/command_line.hpp"
#include "../support/conversation.hpp"
#include "../support/interrupt.hpp"
#include "../support/limits.hpp"
#include "../support/line_editor.hpp"
#include "../support/pass_trace.hpp"
#include "../support/run_page.hpp"
#include "../support/shipped.hpp"
#include "blueprint.hpp"
#include "variants.hpp"

namespace example {

struct Arguments {
  std::string checkpoint = shipped("small_mixtral/checkpoint");
  std::vector<std::string> prompts;
  std::vector<std::string> prompt_files;
  std::vector<lab::Question> shown;  ///< asked where no prompt is given
  std::string machine;
  std::string device_map;
  std::string trace;
  std::string page;
  std::string quantization = "nf4";
  std::string kv = "float16";
  LimitArguments limits{};
  std::int32_t cache_percent = 100;
  std::string truncation;  ///< empty: keep_end with --chat, else refuse
  std::uint64_t seed = 0;
  bool fit_context = false;
  bool quantize_again = false;
  bool chat = false;
  bool interactive = false;
  bool dry_run = false;
  bool plan = false;
  bool report = false;
  bool quiet = false;
  GenerateOptions generate{};
};

void show_proof() {
  show(concat("Mixtral 8x7B in ", MixtralDual16::Quantization::name(),
              " on two 16 GB devices, each held below 14 GiB, with a context of ", MixtralDual16::limits.context,
              ": this plan was proved when the program was compiled.\n\n",
              placement::component_table(plan<MixtralDual16>(machines::dual_16gb.limited_to(14_GiB))), "\n"));
}

/// The options of the checkpoint, with what the command line says on top.
GenerateOptions options_for(const AnyModel& model, const Arguments& arguments, const CLI::App& app) {
  GenerateOptions options = model.recommended();
  const auto given = [&](const char* flag) { return app.count(flag) > 0; };
  const GenerateOptions& wanted = arguments.generate;
  if (given("--temperature")) options.temperature = wanted.temperature;
  if (given("--top-k")) options.top_k = wanted.top_k;
  if (given("--top-p")) options.top_p = wanted.top_p;
  if (given("--min-p")) options.min_p = wanted.min_p;
  if (given("--repetition-penalty")) options.repetition_penalty = wanted.repetition_penalty;
  if (given("--max-tokens")) options.max_tokens = wanted.max_tokens;
  options.stop = wanted.stop;
  const std::string how = arguments.truncation.empty() && arguments.chat ? "keep_end" : arguments.truncation;
  if (how == "keep_end") options.truncation = Truncation::keep_end;
  if (how == "keep_both_ends") options.truncation = Truncation::keep_both_ends;
  return options;
}

std::string policies(std::string_view variant, const Limits& limits) {
  return concat(variant, "; context ", limits.context, ", prefill in chunks of ", limits.prefill_chunk, ", ",
                counted(limits.threads, "thread"));
}

int converse(const AnyModel& model, const Arguments& arguments, const CLI::App& app, const Interrupt& interrupt) {
  const Manner manner{.chat = arguments.chat, .report = arguments.report, .quiet = arguments.quiet};
  const RunPage page(arguments.page);
  const PassTrace trace(arguments.trace, page.is_wanted());
  model.set_timeline(trace.timeline());
  Conversation conversation(model.session({.seed = arguments.seed}), options_for(model, arguments, app), manner,
                            interrupt);
  conversation.ask_known(arguments.shown);
  for (const std::string& prompt : arguments.prompts) {
    if (interrupt.happened()) break;
    if (!arguments.interactive) conversation.forget();
    conversation.answer(prompt, interrupt.token());
  }
  if (arguments.interactive && !interrupt.happened()) {
    LineEditor editor(interrupt);
    while (const auto prompt = editor.next()) {
      if (editor.is_terminal()) {
        conversation.turn(*prompt);
      } else {
        conversation.answer(*prompt, interrupt.token());
      }
    }
  }
  trace.write("mixtral_dual_16gb");
  if (page.is_wanted()) {
    page.write({.checkpoint = "Checkpoint " + arguments.checkpoint,
                .policies = policies(arguments.quantization + ", " + arguments.kv, model.limits()),
                .conditions = lab::conditions_now(model.limits().threads),
                .plan = model.plan(),
                .arenas = model.arena_use()},
               conversation.answers(), *trace.timeline(), "mixtral_dual_16gb");
  }
  check_output();
  if (arguments.report) show("\nMemory\n\n" + model.memory_report());
  check_output();
  if (!arguments.quiet) {
    Bytes sum{};
    for (std::size_t d = 0; d < model.plan().devices(); ++d) sum += model.plan().peak(d);
    tell(concat(interrupt.happened() ? "interrupted; " : "", conversation.summary(), "; ", to_string(sum),
                " of memory (more: --plan, --report)\n"));
  }
  return interrupt.happened() ? Status::interrupted : Status::done;
}

/// What can be found wrong before gigabytes are read.
void check_early(const Arguments& arguments, const placement::Plan& planned) {
  check_answerable(arguments.checkpoint, arguments.chat);
  Bytes sum{};
  for (std::size_t d = 0; d < planned.devices(); ++d) sum += planned.peak(d);
  const Bytes free = machines::this_machine().capacity[0];
  if (sum > free) {
    tell(concat("warning: the devices live in this machine's memory; they need ", to_string(sum), ", ",
                to_string(free), " are free\n"));
  }
}

/// The map that `text` names: a file, "balanced_low_0", or the layers of each device.
placement::DeviceMap read_map(const std::string& text, const Shape& shape, const placement::MemoryFootprint& parts,
                              const Machine& machine) {
  using LowFirst = placement::AcceleratorsFirst<placement::BalancedLowFirst>;
  if (text == "balanced_low_0") return map_of(LowFirst::plan(parts, machine));
  if (file::path_kind(text) != file::PathKind::missing) {
    return checkpoint::read_device_map(text, shape, machine);
  }
  const std::int32_t half = shape.layers / 2;
  const auto refuse = [&](const auto&... why) {
    throw OptionError(concat("--device-map ", text, ": ", why..., ", such as ", half, ",", shape.layers - half));
  };
  std::vector<std::int32_t> counts;
  std::int64_t sum = 0;
  for (const char* at = text.data(); at <= text.data() + text.size(); ++at) {
    const auto [end, failure] = std::from_chars(at, text.data() + text.size(), counts.emplace_back());
    if (failure != std::errc{} || counts.back() < 0 || (*end != ',' && *end != '\0')) {
      refuse("neither a file, nor balanced_low_0, nor the layers of each device");
    }
    sum += counts.back();
    at = end;
  }
  if (sum != shape.layers) {
    refuse(counted(sum, "layer"), ", the model has ", shape.layers, "; give the layers of each device");
  }
  return placement::layers_per_device(counts, parts.tied);
}

/// What the options of the command line come to for a checkpoint.
struct Chosen {
  const Variant* variant;
  LoadOptions options;
  LoadPlan planned;
};

/// Plans with the variant and its limits. Where no context was asked for, it is what the budgets hold.
Chosen choose(const Variant& variant, const Arguments& arguments) {
  const Shape shape = variant.plan_load(arguments.checkpoint, {}).config.shape;
  const bool is_mixtral_8x7b = shape == MixtralDual16::shape;
  LoadOptions options;
  Limits limits = chosen_limits(arguments.limits, variant.limits, shape);
  limits.cache_percent = arguments.cache_percent;
  options.limits = limits;
  options.machine = machines::dual_16gb.limited_to(14_GiB);
  if (!arguments.machine.empty()) {
    options.machine = of_option([&] { return parse_machine(arguments.machine); });
  }
  const bool budgets_are_given = !arguments.machine.empty() || is_mixtral_8x7b;
  options.quantize_again = arguments.quantize_again;
  options.fit_context = arguments.fit_context ||
                        (budgets_are_given && arguments.limits.context == 0 && arguments.device_map.empty());
  options.limits = variant.plan_load(arguments.checkpoint, options).limits;
  options.fit_context = false;
  const placement::MemoryFootprint parts = variant.memory_footprint(shape, *options.limits);
  if (!budgets_are_given) options.machine = variant.smallest_equal_budgets(parts, 2, 0.05);
  if (!arguments.device_map.empty()) {
    options.device_map = read_map(arguments.device_map, shape, parts, *options.machine);
  }
  return {&variant, options, variant.plan_load(arguments.checkpoint, options)};
}

void show_plan(const Arguments& arguments, const Chosen& chosen) {
  const placement::Plan& planned = chosen.planned.plan;
  const Limits& limits = chosen.planned.limits;
  const Shape& shape = chosen.planned.config.shape;
  const Machine one = equal_devices(1, planned.budget(0));
  const placement::Plan alone = chosen.variant->plan(one, shape, limits);
  show(concat("Checkpoint ", arguments.checkpoint, "\n", policies(chosen.variant->name, limits), "\n\n",
              placement::component_table(planned), "One device of ", to_string(one.capacity[0]),
              " alone would need ", to_string(alone.peak(0)),
              alone.fits() ? ": the model would fit there too.\n\n" : ": the model does not fit there.\n\n",
              placement::layer_table(planned), placement::tied_head_line(planned),
              placement::recommendations(planned, limits, shape.max_positions)));
}

/// Plans with the variant, and does what was asked.
int run(const Variant& variant, const Arguments& arguments, const CLI::App& app, const Interrupt& interrupt) {
  Chosen chosen = choose(variant, arguments);
  const placement::Plan& planned = chosen.planned.plan;
  if (arguments.plan || arguments.dry_run) show_plan(arguments, chosen);
  if (arguments.plan) {
    std::cout << "\n";
    show_proof();
  }
  if (arguments.dry_run) return planned.fits() ? Status::done : Status::failed;
  check_output();  // what follows on standard error comes after it, in a log too
  check_early(arguments, planned);
  ProgressBar bar;
  ProgressSink silence;
  InterruptibleProgress progress(arguments.quiet ? silence : static_cast<ProgressSink&>(bar), interrupt);
  chosen.options.progress = &progress;
  return converse(variant.load(arguments.checkpoint, chosen.options), arguments, app, interrupt);
}

/// The variant that was asked for; of the example's own, the one with the checkpoint's shape, where one was proved.
int choose_and_run(const Arguments& arguments, const CLI::App& app, const Interrupt& interrupt) {
  const std::string name = arguments.quantization + ", " + arguments.kv;
  for (const auto variants : {nf4_variants(), int8_variants(), int4_variants(), bfloat16_variants()}) {
    for (const Variant& variant : variants) {
      if (variant.name != name) continue;
      if (name != "nf4, float16") return run(variant, arguments, app, interrupt);
      const Shape shape = variant.plan_load(arguments.checkpoint, {}).config.shape;
      return run(proved_variant(shape), arguments, app, interrupt);
    }
  }
  throw OptionError("no variant '" + name + "' was compiled");
}

void declare(CLI::App& app, Arguments& arguments) {
  app.footer(concat(
      "Examples:\n"
      "  mixtral_dual_16gb\n"
      "  mixtral_dual_16gb --plan --report\n"
      "  mixtral_dual_16gb Mixtral-8x7B-Instruct-v0.1 --chat --interactive\n"
      "  mixtral_dual_16gb Mixtral-8x7B-Instruct-v0.1 --dry-run --machine 13GiB,13GiB\n"
      "  mixtral_dual_16gb Mixtral-8x7B-Instruct-v0.1 --dry-run --quantization int8 \\\n"
      "    --machine 14GiB,14GiB,host:64GiB\n\n"
      "Answers go to standard output, all else to standard error, unless --plan or --report ask for it. "
      "At the terminal of --interactive, Ctrl-C ends an answer, Ctrl-D the conversation; a prompt of several "
      "lines stands between two marks \"\"\".\n\n",
      exit_statuses, " --dry-run: 1 where the plan does not fit."));
  app.add_option("checkpoint", arguments.checkpoint,
                 "Folder with config.json, *.safetensors and tokenizer.json, or a GGUF file; "
                 "by default the repository's")
      ->option_text("FOLDER");
  app.add_option("-p,--prompt", arguments.prompts, "A prompt to answer; may be given several times")
      ->allow_extra_args(false)
      ->option_text("TEXT");
  app.add_option("--prompt-file", arguments.prompt_files,
                 "A file with a prompt, answered after those of --prompt; may be given several times")
      ->allow_extra_args(false)
      ->option_text("FILE");
  app.add_flag("-c,--chat", arguments.chat,
               "Prompts are turns of a conversation in the checkpoint's chat template");
  app.add_flag("-i,--interactive", arguments.interactive,
               "Read prompts from standard input until its end; with --chat it is one conversation, else each "
               "prompt stands alone");
  app.add_flag("--plan", arguments.plan,
               "Show the plan before loading, and the plan of Mixtral 8x7B that the compiler proved");
  app.add_flag("--report", arguments.report, "Show speed with each answer, and the memory report at the end");
  declare_trace(app, arguments.trace);
  CLI::Option* page = declare_run_page(app, arguments.page, arguments.trace);
  app.add_flag("--dry-run", arguments.dry_run,
               "Show the plan and stop; config.json is enough, no weights are read")
      ->excludes(page);
  app.add_option("--quantization", arguments.quantization,
                 "Format of experts and attention: nf4, int4, int8, bfloat16")
      ->check(CLI::IsMember({"nf4", "int4", "int8", "bfloat16"}))
      ->option_text("FORMAT [nf4]");
  app.add_option(
         "--kv", arguments.kv,
         "What attention remembers: float16 or int8: everything; window: the first 4 and the last 1024 "
         "positions in float16; pruned: at most 1024 positions, those that drew most attention, in float16")
      ->check(CLI::IsMember({"float16", "int8", "window", "pruned"}))
      ->option_text("CACHE [float16]");
  app.add_option("--machine", arguments.machine,
                 "Devices in the order in which layers pass them, each with its memory: 14GiB,14GiB, or with main "
                 "memory for formats of 8 bits and more 14GiB,14GiB,host:64GiB; by default two of 14 GiB for "
                 "Mixtral 8x7B, and for other models two with the least that fits, and 5 %")
      ->option_text("SIZES");
  CLI::Option* device_map = app.add_option(
      "--device-map", arguments.device_map,
      "Where the parts go: a JSON file such as transformers writes, the layers of each device, such as 14,18, or "
      "balanced_low_0: few on the first; by default the devices are equally full");
  declare(app, arguments.limits, DualNf4::limits);
  app.add_flag("--quantize-again", arguments.quantize_again,
               "Take a checkpoint that is quantized in another format: decode it and quantize it again");
  app.add_flag("--fit-context", arguments.fit_context,
               "Lower --context to what the budgets hold, where it is too long for them")
      ->excludes(device_map);
  app.add_option("--cache-percent", arguments.cache_percent,
                 "What keys and values may take of a device's memory at most, in percent; with --fit-context the "
                 "context follows from it")
      ->check(CLI::Range(1, 100))
      ->option_text("N [100]");
  app.add_option("--seed", arguments.seed, "Seed of the draws")->option_text("N [0]");
  app.add_flag("-q,--quiet", arguments.quiet, "No progress while loading, no summary");
  auto& generate = arguments.generate;
  app.add_option("-n,--max-tokens", generate.max_tokens,
                 "Tokens of an answer at most; by default what the checkpoint recommends, else 256")
      ->check(CLI::Range(1, 1'000'000))
      ->option_text("N");
  app.add_option("--temperature", generate.temperature,
                 "0: the most probable token; by default what the checkpoint recommends");
  app.add_option("--top-k", generate.top_k, "Draw from the k best tokens; 0: from all");
  app.add_option("--top-p", generate.top_p, "Draw from the smallest set of this probability");
  app.add_option("--min-p", generate.min_p, "Leave out tokens below this share of the best one's probability");
  app.add_option("--repetition-penalty", generate.repetition_penalty,
                 "Above 1: tokens that occurred become less probable")
      ->option_text("FLOAT");
  app.add_option(
         "--truncation", arguments.truncation,
         "What becomes of a prompt that is too long: refuse, keep_end or keep_both_ends, of a conversation "
         "whole turns; by default keep_end with --chat, else refuse")
      ->check(CLI::IsMember({"refuse", "keep_end", "keep_both_ends"}))
      ->option_text("HOW");
  app.add_option("--stop", generate.stop, "A text that ends the answer; may be given several times")
      ->allow_extra_args(false)
      ->option_text("TEXT");
}

/// The prompt in a file of --prompt-file: its text without the line feed that ends it.
std::string read_prompt(const std::string& path) {
  constexpr std::size_t most = std::size_t{1} << 26U;
  try {
    std::string text = file::read_file(path, most);
    if (text.ends_with('\n')) text.pop_back();
    return text;
  } catch (const FileError& error) {
    throw FileError(concat("--prompt-file ", error.what()));
  }
}

}  // namespace example

int main(int argc, char** argv) {
  return example::run_program([&](const example::Interrupt& interrupt) {
    example::Arguments arguments;
    CLI::App app(
        "Loads a checkpoint, quantizes it to 4 bits (NF4, double-quantized) while it streams in, places "
        "it "
        "on two logical devices with a memory budget each, and answers. Without a checkpoint it takes the small "
        "one "
        "of the repository, which was trained to read blocks of knowledge about an invented game; without a "
        "prompt "
        "it asks three questions whose answers are known.",
        "mixtral_dual_16gb");
    example::declare(app, arguments);
    if (const auto status = example::parse(app, argc, argv)) return *status;
    example::of_option([&] { asterism::generate::Sampler::check(arguments.generate); });
    for (const std::string& path : arguments.prompt_files) arguments.prompts.push_back(example::read_prompt(path));
    if (arguments.prompts.empty() && !arguments.interactive && !arguments.dry_run) {
      arguments.shown = asterism::lab::read_questions(example::shipped("data/questions/shown.jsonl"));
    }
    return example::choose_and_run(arguments, app, interrupt);
  });
}
