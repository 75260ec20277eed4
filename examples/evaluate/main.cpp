// Asks a checkpoint questions with known answers under each compiled variant, and compares.
#include <algorithm>
#include <asterism/core/error.hpp>
#include <asterism/core/format.hpp>
#include <asterism/core/progress_bar.hpp>
#include <asterism/core/random.hpp>
#include <asterism/file/new_file.hpp>
#include <asterism/file/path.hpp>
#include <asterism/lab/conditions.hpp>
#include <asterism/lab/difference.hpp>
#include <asterism/lab/evaluation_html.hpp>
#include <asterism/lab/evaluation_report.hpp>
#include <asterism/lab/read_evaluations.hpp>
#include <exception>
#include <filesystem>
#include <iostream>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "../support/command_line.hpp"
#include "../support/interrupt.hpp"
#include "../support/shipped.hpp"
#include "remaining.hpp"
#include "variants.hpp"

namespace example {

constexpr Limits most = Weights<quant::Float32>::limits;

struct Arguments {
  std::string checkpoint = shipped("small_mixtral/checkpoint");
  std::vector<std::string> questions;
  std::vector<std::string> names;
  std::string baseline;
  std::string json;
  std::string resume;
  std::string html;
  std::string trace;
  std::size_t limit = 0;
  std::int32_t threads = 0;
  std::int32_t context = 4096;
  bool usage = false;
  bool quiet = false;
  lab::EvaluateOptions evaluate{};
};

std::vector<NamedVariant> all_variants() {
  std::vector<NamedVariant> all;
  for (const auto variants :
       {float_variants(), integer_variants(), nf4_variants(), activation8_variants(), cache_variants()}) {
    all.insert(all.end(), variants.begin(), variants.end());
  }
  return all;
}

std::vector<NamedVariant> chosen_variants(const Arguments& arguments) {
  std::vector<NamedVariant> chosen;
  for (const NamedVariant& variant : all_variants()) {
    if (arguments.names.empty() || std::ranges::find(arguments.names, variant.name) != arguments.names.end()) {
      chosen.push_back(variant);
    }
  }
  if (!arguments.trace.empty() && chosen.size() != 1) {
    throw OptionError("--trace records one variant: name it, such as --variants float32");
  }
  return chosen;
}

/// Throws where the file could not be written when the work is done.
void check_writable(const std::string& path) {
  if (path.empty()) return;
  if (file::path_kind(path) == file::PathKind::folder) throw FileError(path + ": is a folder");
  file::NewFile(path, 0);
}

/// What can be found wrong before weights are read and questions asked.
void check_early(const Arguments& arguments) {
  GenerateOptions options;
  options.stop = arguments.evaluate.stop;
  of_option([&] { generate::Sampler::check(options); });
  generate::read_config(arguments.checkpoint);
  check_writable(arguments.json);
  check_writable(arguments.html);
  check_writable(arguments.trace);
  CheckpointExtras::require_tokenizer(arguments.checkpoint);
}

/// Of the questions `limit`, drawn by a fixed seed.
void draw(std::vector<lab::Question>& questions, std::size_t limit) {
  Random random(1);
  for (std::size_t i = questions.size(); i > 1; --i) std::swap(questions[i - 1], questions[random.below(i)]);
  if (questions.size() > limit) questions.resize(limit);
}

/// The questions of all files. What a file leaves open is its name: the split, and what stands before an id that
/// another file has too.
std::vector<lab::Question> all_questions(const Arguments& arguments) {
  std::vector<lab::Question> all;
  std::unordered_set<std::string> ids;
  for (const std::string& path : arguments.questions) {
    std::vector<lab::Question> questions = lab::read_questions(path);
    if (arguments.limit > 0) draw(questions, arguments.limit);
    const std::string name = std::filesystem::path(path).stem().string();
    for (lab::Question& question : questions) {
      if (question.split.empty()) question.split = name;
      if (!ids.insert(question.id).second) {
        question.id = concat(name, "/", question.id);
        if (!ids.insert(question.id).second) throw InvalidArgument(path + ": its questions were read already");
      }
      all.push_back(std::move(question));
    }
  }
  return all;
}

/// The variants that stand finished in the file to go on from; `context` is the one that the others will have.
std::vector<lab::Evaluation> finished_variants(const Arguments& arguments,
                                               const std::vector<lab::Question>& questions, std::int32_t context) {
  if (arguments.resume.empty()) return {};
  auto finished = lab::read_evaluations(arguments.resume, questions,
                                        lab::asked_of(arguments.checkpoint, questions, arguments.evaluate));
  for (const lab::Evaluation& evaluation : finished) {
    if (evaluation.limits.context == context) continue;
    throw InvalidArgument(concat(arguments.resume, " (", evaluation.variant, "): was asked in a context of ",
                                 evaluation.limits.context, ", not ", context, ": see --context"));
  }
  return finished;
}

bool is_finished(const std::vector<lab::Evaluation>& evaluations, const NamedVariant& variant) {
  return std::ranges::find(evaluations, variant.name, &lab::Evaluation::variant) != evaluations.end();
}

/// Throws where the baseline will not be there.
void check_baseline(const Arguments& arguments, const std::vector<lab::Evaluation>& finished,
                    const std::vector<NamedVariant>& to_ask) {
  if (arguments.baseline.empty()) return;
  std::vector<lab::Evaluation> all = finished;
  for (const NamedVariant& variant : to_ask) all.push_back({.variant = variant.name});
  lab::evaluation_of(arguments.baseline, all);
}

/// The baseline's, where it is finished; else the first one's.
const lab::Evaluation& baseline_of(const Arguments& arguments, const std::vector<lab::Evaluation>& evaluations) {
  const auto found = std::ranges::find(evaluations, arguments.baseline, &lab::Evaluation::variant);
  return found == evaluations.end() ? evaluations.front() : *found;
}

/// Title of the page: the folder's name without the way to it.
std::string title_of(const std::string& checkpoint) {
  std::error_code failed;
  const std::filesystem::path path = std::filesystem::weakly_canonical(checkpoint, failed);
  return "Variants of " + (failed ? checkpoint : path.filename().string());
}

void show(const Arguments& arguments, const std::vector<lab::Evaluation>& evaluations,
          const std::vector<lab::Question>& questions) {
  const lab::Evaluation& baseline = baseline_of(arguments, evaluations);
  std::cout << "Checkpoint " << arguments.checkpoint << ", " << questions.size() << " questions\n"
            << lab::to_string(evaluations.back().conditions) << "\n\n"
            << lab::score_table(evaluations, questions) << lab::comparison_table(evaluations, questions) << "\n";
  if (evaluations.size() > 1) std::cout << lab::difference_table(evaluations, questions, baseline) << "\n";
  if (!baseline.usage.empty()) {
    std::cout << "Use of experts (" << baseline.variant << ")\n" << baseline.all_usage().table() << "\n";
  }
  if (arguments.usage) std::cout << lab::usage_by_kind(baseline);
  if (!arguments.html.empty()) {
    file::write_text_file(arguments.html,
                          lab::to_html(evaluations, questions, title_of(arguments.checkpoint), baseline.variant));
  }
  check_output();
}

/// One line on what is finished, and on what is left to do.
std::string finished_line(const lab::Evaluation& evaluation, const std::vector<lab::Question>& questions,
                          const RemainingTime& time) {
  const auto all = [](const lab::Question&) { return true; };
  const lab::Score score = evaluation.score(questions, all);
  return concat(evaluation.variant, ": ",
                score.asked > 0 ? concat(score.right, " of ", score.asked, " answered right, ") : "",
                "perplexity ", fixed(evaluation.perplexity(questions, all), 4), "; ", time.finished(), " of ",
                time.variants(), " variants done",
                time.finished() < time.variants() ? ", about " + duration_text(time.left()) + " left" : "", "\n");
}

int run(Arguments& arguments, const Interrupt& interrupt) {
  if (arguments.json.empty()) arguments.json = arguments.resume;
  std::vector<NamedVariant> to_ask = chosen_variants(arguments);
  check_early(arguments);
  const std::vector<lab::Question> questions = all_questions(arguments);
  LoadOptions load;
  load.limits = most;
  load.limits->context = arguments.context;
  const auto cores = static_cast<std::int32_t>(parallel::Threads::default_threads());
  load.limits->threads = arguments.threads > 0 ? arguments.threads : std::min(cores, most.threads);
  const LoadPlan planned = plan_load<Weights<quant::Float32>>(arguments.checkpoint, load);
  std::vector<lab::Evaluation> evaluations = finished_variants(arguments, questions, planned.limits.context);
  std::erase_if(to_ask, [&](const NamedVariant& variant) { return is_finished(evaluations, variant); });
  check_baseline(arguments, evaluations, to_ask);
  ProgressBar bar;
  ProgressSink silence;
  RemainingTime time(arguments.quiet ? silence : static_cast<ProgressSink&>(bar), to_ask.size());
  InterruptibleProgress progress(time, interrupt);
  load.progress = arguments.evaluate.progress = &progress;
  arguments.evaluate.cancel = interrupt.token();
  std::optional<lab::RoutingTrace> trace;
  if (!arguments.trace.empty()) {
    const Shape& shape = planned.config.shape;
    if (shape.experts == 0) throw OptionError("--trace records experts, and this model has none: leave it out");
    arguments.evaluate.trace = &trace.emplace(shape.sparse_layers().size(), shape.experts, shape.top_k);
  }
  std::exception_ptr stopped;
  for (const NamedVariant& variant : to_ask) {
    try {
      evaluations.push_back(
          variant.evaluate(arguments.checkpoint, questions, load, arguments.evaluate, variant.name));
      if (!arguments.json.empty()) file::write_text_file(arguments.json, lab::to_json(evaluations, questions));
    } catch (const std::exception&) {
      if (evaluations.empty()) throw;
      stopped = std::current_exception();
      break;
    }
    time.next();
    if (!arguments.quiet) tell(finished_line(evaluations.back(), questions, time));
  }
  show(arguments, evaluations, questions);
  if (trace && !stopped) trace->write(arguments.trace);
  if (!stopped) return Status::done;
  tell(concat(time.finished(), " of ", time.variants(), " variants were finished; ",
              arguments.json.empty() ? "with --json FILE a later run could go on from there"
                                     : "the same command with --resume " + arguments.json + " goes on",
              "\n"));
  std::rethrow_exception(stopped);
}

}  // namespace example

int main(int argc, char** argv) {
  return example::run_program([&](const example::Interrupt& interrupt) {
    example::Arguments arguments;
    CLI::App app(
        "Asks a checkpoint questions whose answers are known, under each compiled variant, and shows exact "
        "match with 95 % intervals, the perplexity of the known answers, memory, speed, and which experts were "
        "used. "
        "Without arguments: the checkpoint and the questions of the repository.",
        "evaluate");
    std::string names = "Variants:\n";
    std::vector<std::string> known;
    for (const example::NamedVariant& variant : example::all_variants()) {
      names += asterism::concat("  ", asterism::pad_right(variant.name, 19), variant.what, "\n");
      known.emplace_back(variant.name);
    }
    app.footer(asterism::concat(
        names,
        "\nA question file has one JSON object a line: \"prompt\", and optionally \"answer\", \"id\", \"split\" "
        "and "
        "\"kind\" by which the tables are divided. An answer is right where its text equals the known one; where "
        "none is known, the perplexity of the prompt is taken.\n\n"
        "Examples:\n"
        "  evaluate --variants float32,nf4 --baseline float32\n"
        "  evaluate --json all.json                    all variants; after an interrupt:\n"
        "  evaluate --resume all.json --html all.html\n"
        "  evaluate Mixtral-8x7B-Instruct-v0.1 my_questions.jsonl --chat \\\n"
        "    --variants nf4 --html scores.html\n"
        "  evaluate --variants float32 --trace routes.trace\n\n",
        example::exit_statuses));
    app.add_option("checkpoint", arguments.checkpoint,
                   "Folder with config.json, *.safetensors and tokenizer.json, or a GGUF file; "
                   "by default the repository's")
        ->option_text("FOLDER");
    app.add_option("questions", arguments.questions, "Question files (JSON Lines); by default the repository's")
        ->option_text("FILE ...");
    app.add_option("--variants", arguments.names, "What to compare, separated by commas; by default all")
        ->delimiter(',')
        ->check(CLI::IsMember(known))
        ->option_text("NAMES");
    app.add_flag("-c,--chat", arguments.evaluate.chat,
                 "Each prompt is a user's turn in the checkpoint's chat template");
    app.add_option("-n,--max-tokens", arguments.evaluate.max_tokens, "Tokens of an answer at most")
        ->check(CLI::Range(1, 1'000'000))
        ->option_text(asterism::concat("N [", arguments.evaluate.max_tokens, "]"));
    app.add_option("--stop", arguments.evaluate.stop,
                   "A text that ends an answer; may be given several times; by default a line feed")
        ->allow_extra_args(false)
        ->option_text("TEXT");
    app.add_option("--limit", arguments.limit, "Ask N questions of each file, drawn by a fixed seed")
        ->check(CLI::Range(1, 1'000'000'000))
        ->option_text("N");
    app.add_option("--baseline", arguments.baseline,
                   "The variant that the others are compared with; by default the first")
        ->check(CLI::IsMember(known))
        ->option_text("NAME");
    app.add_option("--json", arguments.json,
                   "Write scores, answers and use of experts to this file, after each variant")
        ->option_text("FILE");
    app.add_option(
           "--resume", arguments.resume,
           "Go on from a file that --json wrote: its variants are not asked again; the new ones are added to it")
        ->option_text("FILE");
    app.add_option("--html", arguments.html, "Write a page with tables and pictures to this file")
        ->option_text("FILE");
    app.add_option("--trace", arguments.trace,
                   "Write which experts each token went to, with the router's probabilities "
                   "(docs/routing-traces.md); not with --resume")
        ->excludes("--resume")
        ->option_text("FILE");
    app.add_flag("--usage", arguments.usage, "Show the use of experts for each kind of question too");
    app.add_option(
           "--threads", arguments.threads,
           asterism::concat("Worker threads, 1 to ", example::most.threads, "; by default one for each core"))
        ->check(CLI::Range(1, example::most.threads))
        ->option_text("N");
    app.add_option("--context", arguments.context,
                   asterism::concat("Tokens of prompt and answer together, 1 to ", example::most.context))
        ->check(CLI::Range(1, example::most.context))
        ->option_text(asterism::concat("TOKENS [", arguments.context, "]"));
    app.add_flag("-q,--quiet", arguments.quiet, "No progress");
    if (const auto status = example::parse(app, argc, argv)) return *status;
    if (arguments.questions.empty()) {
      for (const char* split : {"training", "held_out_phrasings", "held_out_cards", "new_words"}) {
        arguments.questions.push_back(example::shipped(asterism::concat("data/questions/", split, ".jsonl")));
      }
    }
    return example::run(arguments, interrupt);
  });
}
