// `arms`: what the graph does to a model's answers. The same questions with nothing, with the right facts, with what
// was looked up in each way, with facts at random, and with memories beside the prompt.
#include <asterism/core/progress_bar.hpp>
#include <asterism/core/random.hpp>
#include <asterism/encode/bert_encoder.hpp>
#include <asterism/encode/hashed_ngrams.hpp>
#include <asterism/encode/model_encoder.hpp>
#include <asterism/lab/arms.hpp>
#include <asterism/lab/evaluate_arms.hpp>
#include <asterism/lab/evaluation_report.hpp>
#include <asterism/librarian/block.hpp>
#include <asterism/parallel/threads.hpp>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "../support/shipped.hpp"
#include "any_encoder.hpp"
#include "asked.hpp"
#include "commands.hpp"
#include "exact.hpp"
#include "experiment.hpp"
#include "lessons.hpp"
#include "library.hpp"
#include "output.hpp"
#include "recall.hpp"

namespace example {

namespace {

using Arm = lab::Arm<Coupled>;
using Model = LanguageModel<lab::Traced<Coupled>>;

/// The encoder that --encoder asks for: as `reencode` fits one to what is there but for the logs, one without a table,
/// the model's own states, or the BERT of a folder.
AnyEncoder encoder_called(const std::string& name, const std::string& folder, const Model& model) {
  const AnyEncoder plain(std::make_shared<const encode::HashedNgrams>(plain_encoder()));
  if (name == "plain") return plain;
  if (name == "fitted") {
    const Experiment known(folder, {}, plain);
    return AnyEncoder(std::make_shared<const encode::HashedNgrams>(FittedEncoder(known.snapshot()).encoder()));
  }
  if (name == "model")
    return AnyEncoder(std::make_shared<const encode::ModelEncoder<lab::Traced<Coupled>>>(model));
  static parallel::Threads threads(Exact::limits.threads);
  static backend::Arena arena(0, 2_GiB);
  return AnyEncoder(std::make_shared<const encode::BertEncoder>(name, arena, parallel::ExecutionRef(threads)));
}

/// The questions of a file in all arms.
class Arms {
 public:
  Arms(const Model& model, const Experiment& experiment, const std::vector<AskedQuestion>& asked)
      : model_(&model), experiment_(&experiment), writer_(model.tokenizer()), recall_(asked) {
    for (const AskedQuestion& one : asked) {
      questions_.push_back(one.question);
      by_id_[one.question.id] = &one;
    }
  }
  Arms(const Arms&) = delete;
  Arms& operator=(const Arms&) = delete;
  ~Arms() = default;

  const std::vector<lab::Question>& questions() const { return questions_; }
  const Recall& recall() const { return recall_; }

  /// Asked in this order: "random" tells as many facts as "retrieved". With `lessons` arms in which these speak.
  std::vector<Arm> all(Lessons* lessons) {
    using librarian::Shelf;
    const auto empty = [](const lab::Question& one) { return with_block(one.prompt, ""); };
    const auto looked_up = [this](std::vector<Shelf> only) {
      return [this, only = std::move(only)](const lab::Question& one) { return look_up(one, only).prompt; };
    };
    std::vector<Arm> arms{
        {"none", empty},
        {"gold", [](const lab::Question& one) { return one.prompt; }},
        {"retrieved", [this](const lab::Question& one) { return retrieve(one); }},
        {"graph", looked_up({Shelf::graph})},
        {"vectors", looked_up({Shelf::vectors})},
        {"words", looked_up({Shelf::words})},
        {"random", [this](const lab::Question& one) {
           return with_block(one.prompt,
                             experiment_->random_block(told_.at(one.id), random_, writer_, Exact::limits.context));
         }}};
    if (lessons == nullptr) return arms;
    arms.push_back({"knn", looked_up({}), {.logits = lessons->tokens()}});
    arms.push_back({"routes", looked_up({}), {.scores = lessons->routes()}});
    arms.push_back({"knn alone", empty, {.logits = lessons->tokens()}});
    arms.push_back({"routes alone", empty, {.scores = lessons->routes()}});
    return arms;
  }

 private:
  struct LookedUp {
    librarian::Consulted found;
    std::string prompt;
    double seconds;
  };

  LookedUp look_up(const lab::Question& question, const std::vector<librarian::Shelf>& only) const {
    const std::size_t rest =
        model_->tokenizer().encode(with_block(question.prompt, "")).size() + std::size_t{answer_tokens};
    const double start = librarian::steady_seconds();
    librarian::Consulted found =
        experiment_->consult(*by_id_.at(question.id), only, writer_, Exact::limits.context - rest);
    const double seconds = librarian::steady_seconds() - start;
    std::string prompt = with_block(question.prompt, found.block.text);
    return {std::move(found), std::move(prompt), seconds};
  }

  /// On all shelves, counted.
  std::string retrieve(const lab::Question& question) {
    const LookedUp looked_up = look_up(question, {});
    recall_.count(experiment_->snapshot(), *by_id_.at(question.id), looked_up.found, looked_up.seconds);
    told_[question.id] = looked_up.found.block.facts;
    return looked_up.prompt;
  }

  const Model* model_;
  const Experiment* experiment_;
  librarian::BlockWriter writer_;
  std::vector<lab::Question> questions_{};
  std::map<std::string, const AskedQuestion*> by_id_{};
  Recall recall_;
  std::map<std::string, std::size_t> told_{};  ///< facts in the block of a question
  Random random_{1};
};

std::vector<lab::Contrast> contrasts(bool hooks) {
  std::vector<lab::Contrast> all{{"retrieved", "none"},
                                 {"retrieved", "random"},
                                 {"retrieved", "gold", lab::Contrast::What::ratio},
                                 {"graph", "vectors"}};
  if (!hooks) return all;
  all.insert(all.end(),
             {{"knn", "retrieved"}, {"routes", "retrieved"}, {"knn alone", "none"}, {"routes alone", "none"}});
  return all;
}

}  // namespace

int arms(const Arguments& arguments, const Interrupt& interrupt) {
  const std::string folder = arguments.folder.empty() ? shipped("data") : arguments.folder;
  std::vector<std::string> files = arguments.questions;
  if (files.empty()) {
    for (const char* name : {"held_out_phrasings", "held_out_cards", "new_words", "as_of", "updated"}) {
      files.push_back(concat(folder, "/questions/", name, ".jsonl"));
    }
  }
  std::vector<std::vector<AskedQuestion>> asked;
  for (const std::string& file : files) {
    asked.push_back(read_asked(file));
    if (arguments.limit > 0 && asked.back().size() > arguments.limit) asked.back().resize(arguments.limit);
  }
  const std::string checkpoint =
      arguments.checkpoint.empty() ? shipped("small_mixtral/checkpoint") : arguments.checkpoint;
  const Model model = load<lab::Traced<Coupled>>(checkpoint);
  const Experiment experiment(folder, asked, encoder_called(arguments.encoder, folder, model),
                              arguments.walk == "learnt");

  ProgressBar bar;
  ProgressSink silence;
  ProgressSink& shown = arguments.quiet ? silence : bar;
  InterruptibleProgress progress(shown, interrupt);
  std::optional<Lessons> lessons;
  if (arguments.hooks) lessons.emplace(model, training_questions(folder), progress);

  json::Value out = json::Value::object();
  for (std::size_t i = 0; i < files.size(); ++i) {
    Arms arms(model, experiment, asked[i]);
    const auto evaluations = lab::evaluate_arms<Coupled>(
        model, checkpoint, arms.questions(), arms.all(lessons ? &*lessons : nullptr),
        {.max_tokens = answer_tokens, .progress = &shown, .cancel = interrupt.token()});
    std::cout << files[i] << ", " << asked[i].size() << " questions\n\n"
              << lab::arms_table(evaluations, arms.questions(), contrasts(arguments.hooks)) << "\n";
    if (lessons) std::cout << wrapped(concat(lessons->sizes(), "\n")) << "\n";
    std::cout << arms.recall().table() << "\n" << std::flush;
    out[files[i]] = json::parse(lab::to_json(evaluations, arms.questions()), "evaluations");
  }
  write_json(arguments.json, out);
  return Status::done;
}

}  // namespace example
