// `classify`, `fit`, `feedback` and `rollback`: the kinds of queries.
#include <asterism/assistant/classifier_score.hpp>
#include <asterism/file/new_file.hpp>
#include <chrono>
#include <cstdio>
#include <iostream>

#include "../support/command_line.hpp"
#include "assisted.hpp"
#include "bars.hpp"
#include "questions.hpp"

namespace example {

namespace {

/// "query" and "label", or a question's "prompt" and "kind".
std::vector<assistant::LabelledQuery> read_queries(const std::string& path, const assistant::Labels& labels) {
  std::vector<assistant::LabelledQuery> out;
  for_each_row(path, [&](const json::Value& row, const std::string& where) {
    const bool is_question = json::find_field(row, "prompt", where) != nullptr;
    const std::string query =
        is_question ? query_in(text_of(row, "prompt", where), where) : text_of(row, "query", where);
    try {
      out.push_back({query, labels.number_of(text_of(row, is_question ? "kind" : "label", where))});
    } catch (const InvalidArgument& error) {
      throw FormatError(concat(where, ": ", error.what()));
    }
  });
  return out;
}

assistant::Labels labels_of(const Arguments& arguments) {
  return assistant::ClassifierFile::read(folder_of(arguments) + "/classifier").labels;
}

}  // namespace

int classify(const Arguments& arguments) {
  const auto model = load_base(arguments);
  Classifier classifier = classifier_of(arguments, model);
  if (!arguments.query.empty()) {
    std::vector<double> probabilities(classifier.labels().size);
    classifier.classify(arguments.query, probabilities);
    std::cout << bars(classifier.labels(), probabilities);
  }
  const assistant::Labels labels({classifier.labels().begin(), classifier.labels().end()});
  for (const std::string& path : arguments.files) {
    const auto queries = read_queries(path, labels);
    const auto begun = std::chrono::steady_clock::now();
    const assistant::ClassifierScore score =
        assistant::score(classifier, View<const assistant::LabelledQuery>(queries));
    const std::chrono::duration<double, std::milli> each =
        (std::chrono::steady_clock::now() - begun) / queries.size();
    char line[64];
    std::snprintf(line, sizeof(line), ", %.2f ms each\n", each.count());
    std::cout << path << line << table(score, classifier.labels()) << "\n";
  }
  return Status::done;
}

int fit(const Arguments& arguments) {
  const assistant::Labels labels({"REASON", "EXPLAIN", "TEACH", "PREDICT", "RETROSPECT"});
  std::vector<assistant::LabelledQuery> queries;
  for (const std::string& path : arguments.files) {
    for (auto& one : read_queries(path, labels)) queries.push_back(std::move(one));
  }
  const auto tune = read_queries(arguments.tune, labels);
  const auto model = load_base(arguments);
  assistant::NgramClassifier ngrams(labels);
  std::cout << queries.size() << " queries\n";
  std::cout << "words and their parts: " << ngrams.fit(queries, {.epochs = 10, .rate = 0.2, .decay = 1e-5})
            << " nats\n";
  assistant::HiddenClassifier<Assisted> hidden(labels, model);
  std::cout << "hidden states: " << hidden.fit(queries, {.epochs = 10, .rate = 0.2, .decay = 1e-5}) << " nats\n";
  assistant::Ensemble all(assistant::Pool({1, 1, 1}), ngrams,
                          assistant::ClassifierFile::rules(labels, folder_of(arguments) + "/classifier"),
                          std::move(hidden));
  all.fit_pool(tune);
  const auto weights = all.pool().weights();
  const assistant::ClassifierFile file{.labels = labels,
                                       .ngrams = ngrams.regression(),
                                       .hidden = all.get<2>().regression(),
                                       .pool = std::vector<double>(weights.begin(), weights.end())};
  file.write(arguments.to);
  const std::string rules = "/rules.json";  // as they are: people write them
  file::write_text_file(arguments.to + rules,
                        file::read_file(folder_of(arguments) + "/classifier" + rules, 1U << 20U));
  char line[96];
  std::snprintf(line, sizeof(line),
                "weights of words, rules and hidden states: %.2f, %.2f, %.2f; temperature %.2f\n", weights[0],
                weights[1], weights[2], all.pool().temperature());
  std::cout << line;
  return Status::done;
}

int feedback(const Arguments& arguments) {
  const assistant::Labels labels = labels_of(arguments);
  const std::size_t label = of_option([&] { return labels.number_of(arguments.kind); });
  assistant::FeedbackJournal journal(arguments.feedback, labels);
  of_option([&] { journal.add(arguments.query, label); });
  std::cout << arguments.feedback << ": " << journal.entries().size << " entries\n";
  return Status::done;
}

int rollback(const Arguments& arguments) {
  assistant::FeedbackJournal journal(arguments.feedback, labels_of(arguments));
  of_option([&] { journal.keep(arguments.count); });
  std::cout << arguments.feedback << ": " << journal.entries().size << " entries\n";
  return Status::done;
}

}  // namespace example
