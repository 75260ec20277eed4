// `arms`: what the graph does to a model's answers. The same questions with nothing, with the right facts, with what
// was looked up in each way, and with facts at random.
#include <asterism/core/progress_bar.hpp>
#include <asterism/core/random.hpp>
#include <asterism/encode/bert_encoder.hpp>
#include <asterism/encode/hashed_ngrams.hpp>
#include <asterism/encode/model_encoder.hpp>
#include <asterism/file/new_file.hpp>
#include <asterism/knowledge/store/memory.hpp>
#include <asterism/lab/arms.hpp>
#include <asterism/lab/evaluate_arms.hpp>
#include <asterism/lab/evaluation_html.hpp>
#include <asterism/lab/evaluation_report.hpp>
#include <asterism/librarian/block.hpp>
#include <asterism/librarian/cards/ingest.hpp>
#include <asterism/librarian/cards/ingest_log.hpp>
#include <asterism/librarian/cards/read_game.hpp>
#include <asterism/librarian/librarian.hpp>
#include <asterism/librarian/reference_desk.hpp>
#include <asterism/parallel/threads.hpp>
#include <asterism/quant/float32.hpp>
#include <iostream>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "../support/shipped.hpp"
#include "any_encoder.hpp"
#include "asked.hpp"
#include "commands.hpp"
#include "library.hpp"
#include "output.hpp"

namespace example {

namespace {

/// The checkpoint's own precision: what is compared is what it is told.
struct Exact : Blueprint {
  static constexpr Limits limits{.context = 1024, .batch = 1, .prefill_chunk = 256, .threads = 2};
  using Quantization = quant::Float32;
  using Embedding = quant::Float32;
  using Head = quant::Float32;
  using KvCache = attention::StaticKvCache<quant::Float32>;
};

using MemoryGraph = knowledge::KnowledgeGraph<CardGame, index::Flat<>, store::Memory>;
using Desk = librarian::ReferenceDesk<MemoryGraph::Snapshot, AnyEncoder>;

knowledge::KnowledgeLimits limits(std::size_t dim) {
  return {.nodes = 40'000, .dim = static_cast<std::uint32_t>(dim), .edges = 400'000, .text = Bytes{16'000'000}};
}
constexpr std::size_t answer_tokens = 32;

/// A graph of a game's files, of questions that were answered, and of the logs of all questions that are to be asked.
class Experiment {
 public:
  Experiment(const std::string& folder, const std::vector<std::vector<AskedQuestion>>& asked, AnyEncoder encoder)
      : encoder_(std::move(encoder)),
        arena_(0, MemoryGraph::bytes(limits(encoder_.dim()))),
        graph_(arena_, limits(encoder_.dim()), store::Memory(),
               parallel::ExecutionRef(index::detail::on_the_caller), {.encoder = encoder_.fingerprint()}) {
    namespace cards = librarian::cards;
    const knowledge::Time start{0};
    cards::ingest(graph_, encoder_, cards::read_game(folder), {.at = start});
    const auto training = read_asked(folder + "/questions/training.jsonl");
    const std::vector<librarian::Answered> known = experience_of(graph_.snapshot(), training);
    librarian::Librarian librarian(graph_, encoder_);
    librarian.remember(View<const librarian::Answered>(known), start);
    for (const auto& file : asked) {
      for (const AskedQuestion& one : file) {
        if (!one.is_log()) continue;
        const std::vector<std::string_view> sentences(one.block.begin(), one.block.end());
        std::vector<knowledge::Time> times;
        for (std::size_t i = 0; i < sentences.size(); ++i)
          times.push_back({static_cast<std::int64_t>(i) * 60'000'000});
        cards::ingest_log(graph_, encoder_, one.question.id, View<const std::string_view>(sentences),
                          View<const knowledge::Time>(times), start);
      }
    }
    snapshot_.emplace(graph_.snapshot());
    for (const auto& [text, id] : facts_by_text(*snapshot_)) facts_.push_back(text);
  }

  librarian::Consulted consult(const AskedQuestion& asked, std::vector<librarian::Shelf> only,
                               const librarian::BlockWriter& writer, std::size_t tokens) const {
    librarian::ConsultOptions options{
        .budget = {.tokens = tokens}, .hits = 10, .margin = 0.06, .only = std::move(only)};
    if (asked.is_log()) {  // of this game, among all others: a log is told as a whole
      options.allowed = {.kinds = knowledge::kinds(CardGame::NodeKind::event), .source = asked.question.id};
      options.margin = 1;
    }
    const MemoryGraph::Snapshot then = asked.as_of ? snapshot_->as_of(*asked.as_of) : *snapshot_;
    return Desk(then, encoder_, categories_).consult(asked.text, options, &writer);
  }
  const MemoryGraph::Snapshot& snapshot() const { return *snapshot_; }
  /// As many facts, by chance.
  std::string random_block(std::size_t count, Random& random, const librarian::BlockWriter& writer) const {
    std::vector<std::string_view> facts;
    for (std::size_t i = 0; i < count; ++i) facts.push_back(facts_[random.below(facts_.size())]);
    return writer.write(View<const std::string_view>(facts), Exact::limits.context).text;
  }

 private:
  AnyEncoder encoder_;
  backend::Arena arena_;
  MemoryGraph graph_;
  std::optional<MemoryGraph::Snapshot> snapshot_{};
  std::vector<librarian::Category> categories_ = librarian::one_category();
  std::vector<std::string> facts_{};
};

/// The encoder that --encoder asks for: as `reencode` fits one to what is there but for the logs, one without a table,
/// the model's own states, or the BERT of a folder.
template <class Model>
AnyEncoder encoder_called(const std::string& name, const std::string& folder, const Model& model) {
  const AnyEncoder plain(std::make_shared<const encode::HashedNgrams>(plain_encoder()));
  if (name == "plain") return plain;
  if (name == "fitted") {
    const Experiment known(folder, {}, plain);
    return AnyEncoder(std::make_shared<const encode::HashedNgrams>(FittedEncoder(known.snapshot()).encoder()));
  }
  if (name == "model") return AnyEncoder(std::make_shared<const encode::ModelEncoder<lab::Traced<Exact>>>(model));
  static parallel::Threads threads(Exact::limits.threads);
  static backend::Arena arena(0, 2_GiB);
  return AnyEncoder(std::make_shared<const encode::BertEncoder>(name, arena, parallel::ExecutionRef(threads)));
}

/// How well the right facts were found.
struct Recall {
  std::size_t questions = 0;
  std::size_t subjects = 0;   ///< of which all things asked about are among the first five facts' owners
  std::size_t with_rule = 0;  ///< questions that need a rule
  std::size_t rule = 0;       ///< of which it is in the block
  std::size_t speaks_of_absent = 0;
  std::size_t absent = 0;
  std::vector<double> seconds{};
};

void count(Recall& recall, const Experiment& experiment, const AskedQuestion& asked,
           const librarian::Consulted& found, const std::set<std::string>& rules) {
  const auto& snapshot = experiment.snapshot();
  if (!asked.absent.empty()) {
    ++recall.absent;
    const std::string name = knowledge::folded(asked.absent);
    const bool speaks = std::any_of(found.hits.begin(), found.hits.end(), [&](const librarian::ConsultHit& hit) {
      return librarian::holds_phrase(knowledge::folded(hit.text), name);
    });
    recall.speaks_of_absent += speaks ? 1 : 0;
    return;
  }
  if (asked.is_log() || asked.about.empty()) return;
  ++recall.questions;
  std::set<knowledge::NodeId> owners;
  for (std::size_t i = 0; i < std::min<std::size_t>(5, found.hits.size()); ++i) {
    for (const auto& edge : snapshot.edges(found.hits[i].id, knowledge::Direction::in)) owners.insert(edge.from);
  }
  const bool all = std::all_of(asked.about.begin(), asked.about.end(), [&](const std::string& id) {
    const auto nodes = snapshot.find(id);
    return !nodes.empty() && owners.count(nodes.front()) != 0;
  });
  recall.subjects += all ? 1 : 0;
  bool needed = false;
  bool there = false;
  for (const std::string& sentence : asked.block) {
    if (rules.count(sentence) == 0) continue;
    needed = true;
    there = there || std::any_of(found.hits.begin(), found.hits.end(),
                                 [&](const librarian::ConsultHit& hit) { return hit.text == sentence; });
  }
  if (!needed) return;
  ++recall.with_rule;
  recall.rule += there ? 1 : 0;
}

/// The rules that all blocks of a type have: those that it needs.
std::map<std::string, std::set<std::string>> rules_by_type(const std::vector<AskedQuestion>& questions) {
  std::map<std::string, std::set<std::string>> rules;
  std::set<std::string> seen;
  for (const AskedQuestion& one : questions) {
    std::set<std::string> here;
    for (const std::string& sentence : one.block) {
      if (sentence.starts_with("Rule ")) here.insert(sentence);
    }
    if (seen.insert(one.type).second) {
      rules[one.type] = here;
    } else {
      std::erase_if(rules[one.type], [&](const std::string& rule) { return here.count(rule) == 0; });
    }
  }
  return rules;
}

double percentile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
}

std::string percent(std::size_t part, std::size_t whole) {
  return whole == 0 ? "-" : concat(fixed(100.0 * static_cast<double>(part) / static_cast<double>(whole), 1), " %");
}

void show(const Recall& recall) {
  const auto row = [](const char* what, const std::string& value) {
    std::cout << "  " << pad_right(what, 52) << pad_left(value, 12) << "\n";
  };
  std::cout << "\nWhat was looked up\n";
  row("all subjects among the owners of the first 5 facts", percent(recall.subjects, recall.questions));
  row("the rule in the block, where one is needed", percent(recall.rule, recall.with_rule));
  if (recall.absent > 0)
    row("blocks that speak of what there is not", percent(recall.speaks_of_absent, recall.absent));
  row("milliseconds, median", fixed(1000 * percentile(recall.seconds, 0.5), 2));
  row("milliseconds, 95 of 100", fixed(1000 * percentile(recall.seconds, 0.95), 2));
}

}  // namespace

int arms(const Arguments& arguments, const Interrupt& interrupt) {
  using librarian::Shelf;
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
  const auto model = load<lab::Traced<Exact>>(checkpoint);
  const Experiment experiment(folder, asked, encoder_called(arguments.encoder, folder, model));
  const librarian::BlockWriter writer(model.tokenizer());

  json::Value out = json::Value::object();
  ProgressBar bar;
  for (std::size_t i = 0; i < files.size(); ++i) {
    std::vector<lab::Question> questions;
    std::map<std::string, const AskedQuestion*> by_id;
    for (const AskedQuestion& one : asked[i]) {
      questions.push_back(one.question);
      by_id[one.question.id] = &one;
    }
    Recall recall;
    const auto rules = rules_by_type(asked[i]);
    std::map<std::string, std::size_t> told;  // facts in the block, for a random one of equal length
    const auto look_up = [&](std::vector<Shelf> only, bool counts) {
      return [&, only = std::move(only), counts](const lab::Question& question) {
        const AskedQuestion& one = *by_id.at(question.id);
        const std::size_t rest = model.tokenizer().encode(with_block(question.prompt, "")).size() + answer_tokens;
        const double start = librarian::steady_seconds();
        const librarian::Consulted found = experiment.consult(one, only, writer, Exact::limits.context - rest);
        if (counts) {
          recall.seconds.push_back(librarian::steady_seconds() - start);
          count(recall, experiment, one, found, rules.at(one.type));
          told[question.id] = found.block.facts;
        }
        return with_block(question.prompt, found.block.text);
      };
    };
    Random random(1);
    const std::vector<lab::Arm> arms{{"none", [](const lab::Question& one) { return with_block(one.prompt, ""); }},
                                     {"gold", [](const lab::Question& one) { return one.prompt; }},
                                     {"retrieved", look_up({}, true)},
                                     {"graph", look_up({Shelf::graph}, false)},
                                     {"vectors", look_up({Shelf::vectors}, false)},
                                     {"words", look_up({Shelf::words}, false)},
                                     {"random", [&](const lab::Question& one) {
                                        return with_block(
                                            one.prompt, experiment.random_block(told.at(one.id), random, writer));
                                      }}};
    const std::vector<lab::Contrast> contrasts{{"retrieved", "none"},
                                               {"retrieved", "random"},
                                               {"retrieved", "gold", lab::Contrast::What::ratio},
                                               {"graph", "vectors"}};
    const auto evaluations = lab::evaluate_arms<Exact>(
        model, checkpoint, questions, arms,
        {.max_tokens = answer_tokens, .progress = arguments.quiet ? nullptr : &bar, .cancel = interrupt.token()});
    std::cout << files[i] << ", " << questions.size() << " questions\n\n"
              << lab::arms_table(evaluations, questions, contrasts);
    show(recall);
    std::cout << "\n" << std::flush;
    out[files[i]] = json::parse(lab::to_json(evaluations, questions), "evaluations");
  }
  write_json(arguments.json, out);
  return Status::done;
}

}  // namespace example
