// Trains a checkpoint on a file of examples: states, a log and a page, interrupted at any time and gone on with.
#include <algorithm>
#include <asterism/checkpoint/fingerprint.hpp>
#include <asterism/core/error.hpp>
#include <asterism/core/format.hpp>
#include <asterism/core/progress_bar.hpp>
#include <asterism/expert/relu.hpp>
#include <asterism/file/new_file.hpp>
#include <asterism/file/path.hpp>
#include <asterism/gating/switch.hpp>
#include <asterism/generate/checkpoint_extras.hpp>
#include <asterism/machine/probe.hpp>
#include <asterism/train/checkpoint.hpp>
#include <asterism/train/data/read_examples.hpp>
#include <asterism/train/initialise.hpp>
#include <asterism/train/report_html.hpp>
#include <asterism/train/run.hpp>
#include <asterism/train/trainer.hpp>
#include <cstdint>
#include <filesystem>
#include <iostream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "../support/command_line.hpp"
#include "../support/interrupt.hpp"

namespace example {

using namespace asterism;

// The experiment: which policies the model has, and how it learns. Another one is an edit of these structs; what takes
// no memory is a flag too, whose default stands here.

/// The policies of a model whose weights learn: Mixtral, Qwen3-MoE, Llama, Mistral.
struct Learning : Blueprint {
  using Quantization = quant::Float32;
  using Embedding = quant::Float32;
  using Head = quant::Float32;
};

/// The same for Switch decoders: one expert of two matrices for each token.
struct LearningSwitch : Learning {
  using Gating = gating::Switch;
  template <class Q>
  using Expert = expert::Relu<Q>;
};

/// The policies of a model that is frozen in 4 bits, for --adapters.
struct Frozen : Blueprint {
  using Quantization = quant::Nf4<64, quant::DoubleQuantized>;
};

/// How weights learn.
struct Recipe : train::Recipe {
  using Recompute = train::recompute::Nothing;
  static constexpr train::AdamW optimizer{.rate = 5e-4F};
  static constexpr train::LinearFall schedule{.warm_up = 10};
  static constexpr train::Losses losses{.balance = 0.01F};
  static constexpr std::int32_t batch = 16, sequence = 512;
  /// What --new begins with.
  static constexpr train::Initial initial{.embedding = 0.1F, .shared = 0.15F};
};

/// How adapters learn, of these ranks; 0: none there.
template <std::int32_t attention, std::int32_t experts>
struct AdapterRecipe : Recipe {
  static constexpr train::Adapters adapters{
      .attention = attention, .experts = experts, .alpha = 2.0F * static_cast<float>(attention)};
};

struct Arguments {
  std::string checkpoint;
  std::string data;
  std::string folder;
  std::string held_out;
  std::string memory;
  std::string before_answer = " ";
  std::string skip_bad;
  std::string report;
  std::string csv;
  std::vector<std::string> compare;
  train::AdamW optimizer = Recipe::optimizer;
  train::LinearFall schedule = Recipe::schedule;
  train::Losses losses = Recipe::losses;
  double clip = Recipe::clip;
  std::int64_t steps = 100;
  std::int64_t measure_every = 0;
  std::size_t batch = Recipe::batch;
  std::size_t sequence = Recipe::sequence;
  std::uint64_t seed = 0;
  double save_seconds = 300;
  std::int32_t threads = 0;
  bool from_nothing = false;
  std::string ranks = "8,8";
  bool adapters = false;
  bool chat = false;
  bool in_order = false;
  bool dry_run = false;
  bool quiet = false;
};

/// Lines of names and values, these aligned on the right or on the left.
std::string table(const std::vector<std::pair<std::string, std::string>>& rows, bool to_the_right) {
  std::size_t name_width = 0;
  std::size_t value_width = 0;
  for (const auto& [name, value] : rows) {
    name_width = std::max(name_width, columns(name));
    value_width = std::max(value_width, columns(value));
  }
  std::string out;
  for (const auto& [name, value] : rows) {
    out += concat(pad_right(name, name_width), "  ", to_the_right ? pad_left(value, value_width) : value, "\n");
  }
  return out;
}

Bytes budget_of(const Arguments& arguments) {
  if (arguments.memory.empty()) return machines::this_machine().capacity[0];
  try {
    return parse_bytes(arguments.memory);
  } catch (const InvalidArgument& error) {
    throw OptionError(concat("--memory: ", error.what()));
  }
}

void show_plan(const train::Plan& plan) {
  std::cout << table({{"weights", to_string(plan.weights)},
                      {"gradients", to_string(plan.gradients)},
                      {"optimizer", to_string(plan.optimizer)},
                      {"activations", to_string(plan.activations)},
                      {"workspace", to_string(plan.workspace)},
                      {"total", to_string(plan.total())},
                      {"budget", to_string(plan.budget)}},
                     true)
            << std::flush;
}

/// Throws where the file could not be written when the work is done.
void check_writable(const std::string& path) {
  if (path.empty()) return;
  if (file::path_kind(path) == file::PathKind::folder) throw FileError(path + ": is a folder");
  file::NewFile(path, 0);
}

train::ReadOptions read_options(const Arguments& arguments, const CheckpointExtras& extras) {
  train::ReadOptions out{.vocabulary = static_cast<std::size_t>(extras.config.shape.vocabulary),
                         .sequence = arguments.sequence,
                         .tokenizer = extras.tokenizer ? &*extras.tokenizer : nullptr,
                         .before_answer = arguments.before_answer,
                         .skipped = arguments.skip_bad};
  if (arguments.chat && !extras.chat_template) {
    throw OptionError("--chat needs a chat template, which the checkpoint does not have");
  }
  if (arguments.chat) out.chat = &*extras.chat_template;
  if (!extras.end_tokens().empty()) out.end = extras.end_tokens().front();
  return out;
}

std::string data_line(const train::ReadExamples& read, const train::Packing& packing) {
  return concat(read.examples.size(), " examples, ", read.examples.tokens(), " tokens, ", read.examples.counted(),
                " predictions count; steps of an epoch: ", packing.steps_of(0),
                read.skipped > 0 ? concat("; rows left out: ", read.skipped) : "", "\n");
}

/// What the log says of the whole run.
void show_end(const Arguments& arguments, const train::RunResult& result, const Shape& shape,
              const std::vector<train::LogLine>& log) {
  std::vector<std::pair<std::string, std::string>> rows = {
      {"steps", concat(result.progress.step, " of ", arguments.steps,
                       result.resumed > 0 ? concat(", from step ", result.resumed, " on") : "")}};
  if (!log.empty()) {
    const train::LogLine& last = log.back();
    rows.emplace_back("tokens", concat(last.tokens));
    rows.emplace_back("tokens/s", fixed(static_cast<double>(last.tokens) / last.seconds, 0));
    rows.emplace_back("last loss", fixed(last.report.pass.loss, 4));
    rows.emplace_back("right", fixed(100 * last.report.pass.right, 1) + " %");
    for (auto line = log.rbegin(); line != log.rend(); ++line) {
      if (!line->held_out) continue;
      rows.emplace_back("held-out loss", concat(fixed(*line->held_out, 4), " after step ", line->report.step));
      break;
    }
  }
  rows.emplace_back("state",
                    train::States(arguments.folder, "", shape.architecture).path_of(result.progress.step));
  if (arguments.adapters && result.complete) rows.emplace_back("adapter", arguments.folder + "/adapter");
  std::size_t next = 0;
  for (std::int32_t layer = 0; layer < shape.layers && !log.empty(); ++layer) {
    if (shape.is_dense(layer) || next == log.back().violation.size()) continue;
    rows.emplace_back(concat("router of layer ", layer),
                      concat("MaxVio ", fixed(log.back().violation[next], 2), ", entropy ",
                             fixed(log.back().entropy[next], 2), ", dead ", log.back().dead[next]));
    ++next;
  }
  std::cout << table(rows, false);
  check_output();
}

std::string log_of(const std::string& folder) { return folder + "/log.jsonl"; }

void write_files(const Arguments& arguments, const std::vector<train::LogLine>& log) {
  if (!arguments.csv.empty()) file::write_text_file(arguments.csv, train::to_csv(log));
  if (arguments.report.empty()) return;
  std::vector<train::NamedLog> runs = {{arguments.folder, log}};
  for (const std::string& folder : arguments.compare) runs.push_back({folder, train::Log::read(log_of(folder))});
  file::write_text_file(arguments.report, train::report_html(runs, "Training of " + arguments.checkpoint));
}

template <class B, class R>
int run(const Arguments& arguments, const Interrupt& interrupt) {
  const CheckpointExtras extras =
      CheckpointExtras::read(arguments.checkpoint, generate::read_config(arguments.checkpoint));
  const Shape& shape = extras.config.shape;
  const Bytes budget = budget_of(arguments);
  Limits limits = B::limits;
  limits.threads =
      arguments.threads > 0 ? arguments.threads : static_cast<std::int32_t>(parallel::Threads::default_threads());
  const train::Plan plan = train::plan<B, R>(budget, shape, limits);
  show_plan(plan);
  if (!plan.fits()) {
    throw BudgetExceeded(
        concat("training takes ", to_string(plan.total()), ", ",
               arguments.memory.empty() ? "free are " : "--memory allows ", to_string(budget),
               ": a recipe with a smaller batch or sequence, or a Recompute, takes less, and so do "
               "--adapters"));
  }
  if (arguments.dry_run) return Status::done;
  for (const std::string& folder : arguments.compare) train::Log::read(log_of(folder));
  check_writable(arguments.report);
  check_writable(arguments.csv);
  train::ReadOptions reading = read_options(arguments, extras);
  const train::ReadExamples read = train::read_examples(arguments.data, reading);
  std::optional<train::ReadExamples> held_out;
  reading.skipped.clear();
  if (!arguments.held_out.empty()) held_out = train::read_examples(arguments.held_out, reading);
  train::Packing packing(read.examples, {.rows = arguments.batch * arguments.sequence,
                                         .batch = arguments.batch,
                                         .seed = arguments.seed,
                                         .shuffled = !arguments.in_order});
  std::cout << wrapped(data_line(read, packing)) << std::flush;
  train::Trainer<B, R> trainer(shape, budget, limits,
                               {.optimizer = arguments.optimizer,
                                .schedule = arguments.schedule,
                                .losses = arguments.losses,
                                .clip = arguments.clip});
  if (!arguments.from_nothing) train::load_weights(arguments.checkpoint, trainer);
  const std::string began =
      concat("fingerprint ", checkpoint::fingerprint(checkpoint::TensorStore(arguments.checkpoint)));
  if constexpr (R::adapters.any()) {
    trainer.reset_adapters(arguments.seed);
  } else if (arguments.from_nothing) {
    train::Initial initial = R::initial;
    initial.seed = arguments.seed;
    train::initialise(trainer.parameters(), shape, initial);
  }
  ProgressBar bar;
  const train::RunResult result =
      train::run(trainer, packing, held_out ? &held_out->examples : nullptr,
                 {.folder = arguments.folder,
                  .like = arguments.checkpoint,
                  .steps = arguments.steps,
                  .save_seconds = arguments.save_seconds,
                  .measure_every = arguments.measure_every,
                  .cancel = interrupt.token(),
                  .progress = arguments.quiet ? nullptr : &bar,
                  .also = {{"begins with", arguments.from_nothing ? "random weights" : began}}});
  if constexpr (R::adapters.any()) {
    if (result.complete) train::save_adapters(trainer, arguments.checkpoint, arguments.folder + "/adapter");
  }
  const std::vector<train::LogLine> log = train::Log::read(log_of(arguments.folder));
  show_end(arguments, result, shape, log);
  write_files(arguments, log);
  if (result.complete) return Status::done;
  tell(concat("interrupted after step ", result.progress.step, ": the same command goes on from there\n"));
  return Status::interrupted;
}

int run_variant(const Arguments& arguments, const Interrupt& interrupt) {
  const Architecture architecture = generate::read_config(arguments.checkpoint).shape.architecture;
  const bool is_switch = architecture == Architecture::switch_decoder;
  if (arguments.adapters && is_switch) {
    throw OptionError("--adapters go beside experts of three matrices, which switch_decoder does not have");
  }
  if (arguments.adapters && arguments.ranks == "8,0")
    return run<Frozen, AdapterRecipe<8, 0>>(arguments, interrupt);
  if (arguments.adapters && arguments.ranks == "16,0")
    return run<Frozen, AdapterRecipe<16, 0>>(arguments, interrupt);
  if (arguments.adapters) return run<Frozen, AdapterRecipe<8, 8>>(arguments, interrupt);
  return is_switch ? run<LearningSwitch, Recipe>(arguments, interrupt)
                   : run<Learning, Recipe>(arguments, interrupt);
}

void check(const Arguments& arguments) {
  if (!arguments.dry_run && arguments.data.empty())
    throw OptionError("give a file of examples, or --dry-run; see --help");
  if (!arguments.dry_run && arguments.folder.empty())
    throw OptionError("give --run FOLDER, where states and the log go, or --dry-run; see --help");
}

/// A number within bounds, which NaN is not.
CLI::Validator within(double least, double most) {
  const auto check = [least, most](const std::string& text) {
    double value = 0;
    if (CLI::detail::lexical_cast(text, value) && value >= least && value <= most) return std::string();
    return concat(text, " is no number from ", train::number_text(least), " to ", train::number_text(most));
  };
  return {check, "", ""};
}

}  // namespace example

int main(int argc, char** argv) {
  using asterism::concat;
  return example::run_program([&](const example::Interrupt& interrupt) {
    example::Arguments all;
    CLI::App app(
        "Trains a checkpoint on examples: all of its weights, or with --adapters low-rank adapters beside it. "
        "Writes "
        "states, each a checkpoint, and a log of each step to the folder of the run. The same command goes on "
        "where an "
        "earlier one ended, with the bits of a run that nobody disturbed. Policies and recipe stand at the top of "
        "examples/train/main.cpp: an experiment is an edit of them.",
        "train");
    app.footer(
        concat("DATA has one JSON object a line: \"ids\" of tokens, \"text\", \"prompt\" and \"completion\" or "
               "\"answer\", "
               "\"question\" and \"answer\", \"input\" and \"output\", or \"instruction\" and \"response\". "
               "Answers alone "
               "count in the loss, of texts all tokens.\n\n"
               "Examples:\n"
               "  train examples/small_mixtral/checkpoint \\\n"
               "    examples/data/questions/new_words.jsonl --run first_run --steps 80 \\\n"
               "    --held-out examples/data/questions/updated.jsonl \\\n"
               "    --report first_run.html\n"
               "  train Mixtral-8x7B-v0.1 data.jsonl --run tuned --adapters --dry-run\n\n",
               example::exit_statuses));
    app.add_option("checkpoint", all.checkpoint, "Folder with config.json, *.safetensors and tokenizer.json")
        ->required()
        ->option_text("FOLDER");
    app.add_option("data", all.data, "Examples (JSON Lines), see below")->option_text("FILE");
    app.add_option("--run", all.folder, "Where states and the log go, and where an earlier run goes on")
        ->option_text("FOLDER");
    app.add_option("--held-out", all.held_out, "Examples whose loss is measured, not learnt")->option_text("FILE");
    CLI::Option* const adapters =
        app.add_flag("--adapters", all.adapters,
                     "Train adapters beside the checkpoint, frozen in 4 bits, and write them as PEFT's files");
    app.add_option("--ranks", all.ranks,
                   "Of the adapters at attention and at experts: 8,8 or 16,0 or 8,0; alpha is twice")
        ->check(CLI::IsMember({"8,8", "16,0", "8,0"}))
        ->needs(adapters)
        ->option_text("A,E [8,8]");
    app.add_flag("--new", all.from_nothing, "Begin with random weights; the checkpoint gives shape and tokenizer")
        ->excludes("--adapters");
    const auto number = [&](const char* name, auto& value, double least, double most, const char* what) {
      app.add_option(name, value, what)
          ->check(example::within(least, most))
          ->option_text(concat("X [", asterism::train::number_text(value), "]"));
    };
    const auto count = [&](const char* name, auto& value, double least, double most, const char* what) {
      app.add_option(name, value, what)
          ->check(example::within(least, most))
          ->option_text(concat("N [", value, "]"));
    };
    count("--steps", all.steps, 1, 1e12, "Steps of the whole run");
    number("--rate", all.optimizer.rate, 1e-12, 100, "Peak of the learning rate");
    number("--beta1", all.optimizer.beta1, 0, 0.9999999, "AdamW's memory of gradients");
    number("--beta2", all.optimizer.beta2, 0, 0.9999999, "AdamW's memory of their squares");
    number("--decay", all.optimizer.decay, 0, 100, "AdamW's weight decay");
    count("--warm-up", all.schedule.warm_up, 0, 1e12, "Steps in which the rate rises to its peak");
    number("--fall", all.schedule.fall, 0, 1, "Part of all steps, the last ones, in which it falls to 0");
    number("--balance", all.losses.balance, 0, 100, "Factor of the loss that evens out the load of experts");
    number("--z", all.losses.z, 0, 100, "Factor of the loss that keeps routers' scores small");
    number("--clip", all.clip, 1e-12, 1e12, "Limit of the norm of all gradients");
    count("--batch", all.batch, 1, example::Recipe::batch, "Examples of a step; the recipe's at most");
    count("--sequence", all.sequence, 2, example::Recipe::sequence,
          "Tokens of an example at most; the recipe's at most");
    count("--seed", all.seed, 0, 1e18, "Of the examples' order and of new weights");
    app.add_flag("--in-order", all.in_order, "Take the examples in the order of the file, such as a curriculum");
    app.add_option("--threads", all.threads,
                   "Worker threads; by default one for each core; no bit depends on them")
        ->check(CLI::Range(1, 1024))
        ->option_text("N");
    app.add_option("--memory", all.memory, "What the run may hold, such as 4GiB; by default what is free")
        ->option_text("SIZE");
    number("--save-seconds", all.save_seconds, 0, 1e9, "Seconds between two states");
    app.add_option("--measure-every", all.measure_every,
                   "Steps between two measurements of --held-out; by default with each state alone")
        ->check(CLI::Range(std::int64_t{1}, std::int64_t{1'000'000'000'000}))
        ->option_text("N");
    app.add_flag("-c,--chat", all.chat, "Questions and answers are turns in the checkpoint's chat template");
    app.add_option("--before-answer", all.before_answer, "Put between question and answer; by default a blank")
        ->excludes("--chat")
        ->option_text("TEXT");
    app.add_option(
           "--skip-bad", all.skip_bad,
           "Leave out rows of DATA that can't be trained on, and copy them to this file; FILE.reasons has why")
        ->option_text("FILE");
    app.add_flag("--dry-run", all.dry_run, "Show the memory of the run and stop");
    app.add_option("--report", all.report, "Write a page with curves of the run to this file")
        ->option_text("FILE");
    app.add_option("--compare", all.compare,
                   "Folder of another run that the page shows too; may be given several times")
        ->needs("--report")
        ->allow_extra_args(false)
        ->option_text("FOLDER");
    app.add_option("--csv", all.csv, "Write the log as comma-separated values to this file")->option_text("FILE");
    app.add_flag("-q,--quiet", all.quiet, "No progress");
    if (const auto status = example::parse(app, argc, argv)) return *status;
    example::check(all);
    return example::run_variant(all, interrupt);
  });
}
