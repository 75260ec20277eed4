// A model whose experts do not fit memory: a cache keeps the likeliest, the others come from main memory or a disk.
#include <algorithm>
#include <asterism/core/error.hpp>
#include <asterism/core/format.hpp>
#include <asterism/core/progress_bar.hpp>
#include <asterism/file/path.hpp>
#include <asterism/lab/question_set.hpp>
#include <asterism/load.hpp>
#include <asterism/machine/parse.hpp>
#include <asterism/machine/probe.hpp>
#include <cstdint>
#include <filesystem>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "../support/command_line.hpp"
#include "../support/conversation.hpp"
#include "../support/interrupt.hpp"
#include "../support/limits.hpp"
#include "../support/pass_trace.hpp"
#include "../support/run_page.hpp"
#include "../support/shipped.hpp"
#include "blueprint.hpp"
#include "forecast.hpp"
#include "variants.hpp"

namespace example {

struct Arguments {
  std::string checkpoint = shipped("small_mixtral/checkpoint");
  std::string experts;
  std::string machine;
  std::string cache = "hazard";
  std::string prefetch = "none";
  std::string trace;
  std::string page;
  std::vector<std::string> prompts;
  std::vector<lab::Question> shown;  ///< asked where no prompt is given
  LimitArguments limits{};
  std::int32_t max_tokens = 0;
  bool write_experts = false;
  bool chat = false;
  bool dry_run = false;
  bool report = false;
  bool quiet = false;
};

/// What the options of the command line come to for a checkpoint.
struct Chosen {
  const CacheVariant* variant;
  LoadOptions options;
  LoadPlan planned;
};

bool keeps_all(const Arguments& arguments) { return arguments.cache == "all"; }

const CacheVariant& chosen_variant(const Arguments& arguments) {
  if (arguments.prefetch != "none" && arguments.cache != "hazard") {
    throw OptionError("--prefetch goes with --cache hazard, not with " + arguments.cache);
  }
  const std::string name = arguments.prefetch == "none" ? arguments.cache : arguments.prefetch;
  for (const auto variants :
       {learning_variants(), counting_variants(), queue_variants(), foretelling_variants()}) {
    for (const CacheVariant& one : variants) {
      if (one.variant.name == name) return one;
    }
  }
  throw OptionError("neither a cache nor a prefetcher '" + name + "' was compiled");
}

/// Memory for half of the experts, or for all where all are to stay, and for the other parts.
Bytes default_memory(const Variant& variant, const Shape& shape, const Limits& limits) {
  const placement::SlottedExperts slotted = variant.memory_footprint(shape, limits).slotted;
  const std::int32_t half = (slotted.per_layer * slotted.layers.size() + 1) / 2;
  return memory_for(variant, shape, limits, half - slotted.passing);
}

/// The least memory under which the plan fits.
Bytes least_memory(const Variant& variant, const Shape& shape, const Limits& limits) {
  return variant.smallest_equal_budgets(variant.memory_footprint(shape, limits), 1, 0).capacity[0];
}

Chosen choose(const Arguments& arguments) {
  const CacheVariant& chosen = chosen_variant(arguments);
  const Variant& variant = chosen.variant;
  const Shape shape = variant.plan_load(arguments.checkpoint, {}).config.shape;
  if (shape.sparse_layers().empty()) {
    throw Unsupported(arguments.checkpoint + ": the model has no experts; mixtral_dual_16gb answers with it");
  }
  const bool is_mixtral_8x7b = shape == MixtralOffload::shape;
  Limits limits = chosen_limits(arguments.limits, variant.limits, shape);
  LoadOptions options;
  options.limits = limits;
  limits = variant.plan_load(arguments.checkpoint, options).limits;
  if (!arguments.machine.empty()) {
    options.machine = of_option([&] { return parse_machine(arguments.machine); });
  } else {
    options.machine =
        main_memory(is_mixtral_8x7b && !keeps_all(arguments) ? 12_GiB : default_memory(variant, shape, limits));
  }
  options.fit_context = arguments.limits.context == 0;
  options.limits = variant.plan_load(arguments.checkpoint, options).limits;
  options.fit_context = false;
  return {&chosen, options, variant.plan_load(arguments.checkpoint, options)};
}

std::string in_percent(double share) { return fixed(100 * share, 1) + " %"; }

std::string policies(const Arguments& arguments, const Limits& limits) {
  return concat(Offload::Quantization::name(), "; cache of experts ", arguments.cache,
                arguments.prefetch == "none" ? "" : ", prefetch " + arguments.prefetch, "; context ",
                limits.context, ", prefill in chunks of ", limits.prefill_chunk, ", ",
                counted(limits.threads, "thread"));
}

void show_plan(const Arguments& arguments, const Chosen& chosen) {
  const placement::Plan& planned = chosen.planned.plan;
  show(concat("Checkpoint ", arguments.checkpoint, "\n", policies(arguments, chosen.planned.limits), "\n\n",
              placement::component_table(planned), "\n"));
  if (!keeps_all(arguments)) show(forecast(chosen.planned.plan));
}

/// Throws BudgetExceeded where the plan does not fit.
void check_fits(const Arguments& arguments, const Chosen& chosen) {
  const placement::Plan& planned = chosen.planned.plan;
  if (planned.fits()) return;
  if (const Bytes homes = planned.homes_on_disk(), disk = planned.machine.disk; disk > Bytes{0} && homes > disk) {
    throw BudgetExceeded(concat("experts that find no room in host memory take ", to_string(homes),
                                ", --machine gives the disk ", to_string(disk),
                                ": give it more, or more memory to a host device that runs no layers"));
  }
  const Bytes least = least_memory(chosen.variant->variant, chosen.planned.config.shape, chosen.planned.limits);
  if (planned.devices() > 1) {
    const LoadPlan& chosen_plan = chosen.planned;
    throw BudgetExceeded(
        concat("the model does not fit --machine ", arguments.machine, "\n",
               placement::recommendations(planned, chosen_plan.limits, chosen_plan.config.shape.max_positions)));
  }
  throw BudgetExceeded(concat("--machine with ", to_string(planned.budget(0)),
                              " is not enough: with this context it takes ", to_string(least + 1_MiB),
                              keeps_all(arguments) ? " for all experts" : " for the least slots",
                              "; --dry-run shows what takes it, a smaller --context or --prefill-chunk needs less",
                              keeps_all(arguments) ? ", another --cache reads experts when they are needed" : ""));
}

/// The most bytes that all devices hold.
Bytes peak_of(const placement::Plan& plan) {
  Bytes sum{};
  for (std::size_t d = 0; d < plan.devices(); ++d) sum += plan.peak(d);
  return sum;
}

/// What can be found wrong before gigabytes are read.
void check_early(const Arguments& arguments, const Chosen& chosen) {
  check_answerable(arguments.checkpoint, arguments.chat);
  check_fits(arguments, chosen);
  const Bytes needed = peak_of(chosen.planned.plan);
  const Bytes free = machines::this_machine().capacity[0];
  if (needed > free) {
    tell(concat("warning: the model takes ", to_string(needed), " of memory, ", to_string(free), " are free\n"));
  }
}

/// The file of the experts; written where it is missing and that was asked for. Empty where all stay in memory, or wait
/// in memory and come from the checkpoint.
std::string experts_file(const Arguments& arguments, const placement::Plan& plan, ProgressSink& progress) {
  if (keeps_all(arguments)) {
    if (!arguments.experts.empty() || arguments.write_experts) {
      throw OptionError("--cache all reads no experts while it runs: leave out --experts and --write-experts");
    }
    return {};
  }
  if (plan.homes_on_disk() == Bytes{0} && arguments.experts.empty() && !arguments.write_experts) return {};
  const std::filesystem::path place(arguments.checkpoint);
  const auto folder = checkpoint::is_gguf(arguments.checkpoint) ? place.parent_path() : place;
  const std::string path = arguments.experts.empty() ? (folder / "experts.spill").string() : arguments.experts;
  if (file::path_kind(path) != file::PathKind::missing) return path;
  if (!arguments.write_experts) {
    throw FileError(concat(path, ": no such file. It holds the experts that wait on the disk (",
                           to_string(plan.homes_on_disk()),
                           "); --write-experts writes it, or once and for all\n  quantize ", arguments.checkpoint,
                           " --experts ", path));
  }
  write_file(arguments.checkpoint, path, progress);
  return path;
}

int converse(Loaded& loaded, const Arguments& arguments, const CLI::App& app, const LoadPlan& planned,
             const Interrupt& interrupt) {
  const bool reads = !keeps_all(arguments);
  GenerateOptions options = loaded.recommended;
  if (app.count("--max-tokens") > 0) options.max_tokens = arguments.max_tokens;
  const Manner manner{.chat = arguments.chat, .report = arguments.report, .quiet = arguments.quiet};
  const RunPage page(arguments.page);
  const PassTrace trace(arguments.trace, page.is_wanted());
  loaded.set_timeline(trace.timeline());
  Conversation conversation(std::move(loaded.session), options, manner, interrupt);
  conversation.ask_known(arguments.shown);
  for (const std::string& prompt : arguments.prompts) {
    if (interrupt.happened()) break;
    conversation.forget();
    conversation.answer(prompt, interrupt.token());
  }
  trace.write("mixtral_offload");
  const residency::SlotCounts counts = loaded.slot_counts();
  if (page.is_wanted()) {
    page.write({.checkpoint = "Checkpoint " + arguments.checkpoint,
                .policies = policies(arguments, planned.limits),
                .conditions = lab::conditions_now(planned.limits.threads),
                .plan = planned.plan,
                .arenas = loaded.arena_use(),
                .slots = counts},
               conversation.answers(), *trace.timeline(), "mixtral_offload");
  }
  check_output();
  if (arguments.report) show("\nMemory\n\n" + loaded.memory_report() + (reads ? "" : "experts: all in memory\n"));
  check_output();
  if (!arguments.quiet) {
    tell(concat(interrupt.happened() ? "interrupted; " : "", conversation.summary(), "; ",
                to_string(peak_of(planned.plan)), " of memory",
                reads ? concat(", ", in_percent(counts.hit_rate()), " of the experts were there") : "",
                " (more: --report)\n"));
  }
  return interrupt.happened() ? Status::interrupted : Status::done;
}

int run(const Arguments& arguments, const CLI::App& app, const Interrupt& interrupt) {
  Chosen chosen = choose(arguments);
  if (arguments.dry_run) {
    show_plan(arguments, chosen);
    check_output();
    check_fits(arguments, chosen);
    return Status::done;
  }
  check_early(arguments, chosen);
  ProgressBar bar;
  ProgressSink silence;
  InterruptibleProgress progress(arguments.quiet ? silence : static_cast<ProgressSink&>(bar), interrupt);
  const std::string path = experts_file(arguments, chosen.planned.plan, progress);
  chosen.options.experts = path;
  chosen.options.progress = &progress;
  return chosen.variant->use(arguments.checkpoint, chosen.options, [&](Loaded& loaded) {
    return converse(loaded, arguments, app, chosen.planned, interrupt);
  });
}

void declare(CLI::App& app, Arguments& arguments) {
  app.footer(
      concat("Examples:\n"
             "  mixtral_offload --experts small.spill --write-experts --report\n"
             "  mixtral_offload Mixtral-8x7B-Instruct-v0.1 --dry-run \\\n"
             "    --machine host:12GiB@10GB/s,disk:30GB@1GB/s\n"
             "  mixtral_offload Mixtral-8x7B-Instruct-v0.1 --experts /fast/mixtral.spill \\\n"
             "    --machine host:12GiB --chat --prompt \"Why is the sky blue?\"\n\n"
             "Answers go to standard output, all else to standard error, unless --report asks for it.\n\n",
             exit_statuses, " --dry-run: 1 where the plan does not fit."));
  app.add_option("checkpoint", arguments.checkpoint,
                 "Folder with config.json, *.safetensors and tokenizer.json, or a GGUF file; "
                 "by default the repository's")
      ->option_text("FOLDER");
  app.add_option("-p,--prompt", arguments.prompts, "A prompt to answer; may be given several times")
      ->allow_extra_args(false)
      ->option_text("TEXT");
  app.add_flag("-c,--chat", arguments.chat, "Each prompt is a question in the checkpoint's chat template");
  app.add_option(
         "--experts", arguments.experts,
         "The file of the experts, on a disk that reads fast; by default experts.spill in the checkpoint's "
         "folder")
      ->option_text("FILE");
  app.add_flag("--write-experts", arguments.write_experts, "Write that file first, where there is none");
  app.add_option(
         "--machine", arguments.machine,
         "Memory that the model may take: host:12GiB, or 2GiB,2GiB for two logical devices. What the other parts "
         "leave "
         "of it are slots for experts. disk:30GB behind it is the room for the file of the experts. @1GB/s behind "
         "each "
         "says what is read of it in a second: of memory while computing, of the disk in reads of an expert. By "
         "default host:12GiB for Mixtral 8x7B, and for other models enough for half of the experts")
      ->option_text("LIST");
  app.add_option(
         "--cache", arguments.cache,
         "Which experts stay: hazard, least-recent, least-frequent, s3-fifo, arc; all: all of them, without "
         "a file")
      ->check(CLI::IsMember({"hazard", "least-recent", "least-frequent", "s3-fifo", "arc", "all"}))
      ->option_text("CACHE [hazard]");
  app.add_option(
         "--prefetch", arguments.prefetch,
         "Who guesses what the next layer needs, so that it is read ahead where that pays, with --cache hazard: "
         "none, pattern, learned, next-gate (the next layer's router is asked early), adaptive (all of them)")
      ->check(CLI::IsMember({"none", "pattern", "learned", "next-gate", "adaptive"}))
      ->option_text("PREFETCH [none]");
  app.add_flag("--report", arguments.report,
               "Show speed with each answer, and at the end what the slots did and the memory report");
  declare_trace(app, arguments.trace);
  CLI::Option* page = declare_run_page(app, arguments.page, arguments.trace);
  app.add_flag(
         "--dry-run", arguments.dry_run,
         "Show the plan, what a token reads, and the speed that the rates in --machine make of it, and stop; "
         "config.json is enough, no weights are read")
      ->excludes(page);
  declare(app, arguments.limits, Offload::limits);
  app.add_option("-n,--max-tokens", arguments.max_tokens,
                 "Tokens of an answer at most; by default what the checkpoint recommends, else 256")
      ->check(CLI::Range(1, 1'000'000))
      ->option_text("N");
  app.add_flag("-q,--quiet", arguments.quiet, "No progress, no summary");
}

}  // namespace example

int main(int argc, char** argv) {
  return example::run_program([&](const example::Interrupt& interrupt) {
    example::Arguments arguments;
    CLI::App app(
        "Answers with a model whose experts do not fit memory. All of them, in 4 bits (NF4, double-quantized), "
        "wait in a file, or in main memory beside another device; some are in slots of memory, where a cache "
        "keeps "
        "those that are used again soonest. One that is not there is brought when it is needed. The answers are "
        "the same, bit for bit, as with all experts in "
        "memory. Without a checkpoint it takes the small one of the repository; without a prompt it asks three "
        "questions "
        "whose answers are known.",
        "mixtral_offload");
    example::declare(app, arguments);
    if (const auto status = example::parse(app, argc, argv)) return *status;
    if (arguments.prompts.empty() && !arguments.dry_run) {
      arguments.shown = asterism::lab::read_questions(example::shipped("data/questions/shown.jsonl"));
    }
    return example::run(arguments, app, interrupt);
  });
}
