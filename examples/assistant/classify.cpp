// `classify`, `fit`, `feedback` and `rollback`: the kinds of queries.
#include <asterism/assistant/classifier_score.hpp>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <numeric>
#include <sstream>

#include "../support/command_line.hpp"
#include "assisted.hpp"
#include "bars.hpp"

namespace example {

namespace {

/// Queries of a file in JSON Lines: "query" and "label", or a question's "prompt" and "kind".
std::vector<assistant::LabelledQuery> read_queries(const std::string& path, const assistant::Labels& labels) {
  std::vector<assistant::LabelledQuery> out;
  std::istringstream lines(file::read_file(path, 1U << 30U));
  for (std::string line; std::getline(lines, line);) {
    const std::string where = concat(path, ", line ", out.size() + 1);
    const json::Document row(json::parse(line, where));
    json::check_object(*row, "a line", where);
    const bool is_question = json::find_field(*row, "prompt", where) != nullptr;
    const auto text = [&](const char* key) {
      const json::Value& value = json::require_field(*row, key, where);
      if (!value.is_string()) throw FormatError(concat(where, ": '", key, "' is no string"));
      return value.get<std::string>();
    };
    assistant::LabelledQuery one{.query = text(is_question ? "prompt" : "query")};
    one.label = labels.number_of(text(is_question ? "kind" : "label"));
    if (is_question) {
      const std::size_t begin = one.query.find("Query:");
      const std::size_t end = one.query.find("\nResponse:");
      if (begin == one.query.npos || end == one.query.npos) {
        throw FormatError(concat(where, ": the prompt has no 'Query:' before 'Response:'"));
      }
      one.query = one.query.substr(begin + 7, end - begin - 7);
    }
    out.push_back(std::move(one));
  }
  if (out.empty()) throw FormatError(concat(path, ": there is no query in it"));
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
  for (const std::string& path : arguments.files) {
    const auto queries = read_queries(path, labels_of(arguments));
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
  std::filesystem::create_directories(arguments.to);
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
  std::cout << "weights of words, rules and hidden states: " << weights[0] << ", " << weights[1] << ", "
            << weights[2] << "; temperature " << all.pool().temperature() << "\n";
  return Status::done;
}

int feedback(const Arguments& arguments) {
  const assistant::Labels labels = labels_of(arguments);
  const std::size_t label = of_option([&] { return labels.number_of(arguments.kind); });
  assistant::FeedbackJournal journal(arguments.feedback, labels);
  journal.add(arguments.query, label);
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
