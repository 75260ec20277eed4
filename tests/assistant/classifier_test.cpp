// Classifiers of queries: laws, what they learn from the card game's questions, files, and bad input.
#include <cmath>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/assistant/classifier_file.hpp"
#include "asterism/assistant/classifier_score.hpp"
#include "asterism/assistant/ensemble.hpp"
#include "asterism/assistant/keyword_rules.hpp"
#include "asterism/assistant/learning_classifier.hpp"
#include "asterism/assistant/ngram_classifier.hpp"
#include "asterism/assistant/pool.hpp"
#include "asterism/file/path.hpp"
#include "asterism/json/json.hpp"

#include "laws/assistant_laws.hpp"
#include "support/files.hpp"

using namespace asterism;
using namespace asterism::assistant;
using test::TemporaryFolder;

namespace {

const Labels kinds({"REASON", "EXPLAIN", "TEACH", "PREDICT", "RETROSPECT"});

std::vector<LabelledQuery> questions(const std::string& split) {
  std::vector<LabelledQuery> out;
  const std::string path = std::string(ASTERISM_SOURCE_DIR) + "/examples/data/questions/" + split + ".jsonl";
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const json::Value row = json::parse(line, path);
    const auto prompt = row["prompt"].get<std::string>();
    const std::size_t begin = prompt.find("Query: ") + 7;
    out.push_back({prompt.substr(begin, prompt.find("\nResponse:") - begin),
                   kinds.number_of(row["kind"].get<std::string>())});
  }
  REQUIRE(out.size() == 600);
  return out;
}

NgramClassifier trained(const FitOptions& options = {.epochs = 5, .rate = 0.2}) {
  NgramClassifier out(kinds);
  out.fit(questions("training"), options);
  return out;
}

KeywordRules rules() {
  return KeywordRules(kinds, {{"sum of", "in all"}, {"cost"}, {"mean"}, {"who wins", "wins"}, {"turn"}});
}

}  // namespace

TEST_CASE("classifiers obey the laws") {
  NgramClassifier nothing(kinds);
  laws::query_classifier(nothing);
  NgramClassifier learned = trained();
  laws::query_classifier(learned);
  KeywordRules written = rules();
  laws::query_classifier(written);
  Ensemble both(Pool({0.7, 0.4}), learned, written);
  laws::query_classifier(both);
}

TEST_CASE("600 queries teach the kind of others: new cards, new wordings, new words") {
  NgramClassifier classifier = trained();
  CHECK(score(classifier, questions("held_out_cards")).macro_f1() > 0.99);
  CHECK(score(classifier, questions("held_out_phrasings")).macro_f1() > 0.9);
  CHECK(score(classifier, questions("new_words")).macro_f1() > 0.97);
}

TEST_CASE("fitting has the same bits each time, and another order others") {
  const auto weights = [](std::uint64_t seed) {
    const NgramClassifier classifier = trained({.epochs = 1, .seed = seed});
    const View<const float> view = classifier.regression().weights();
    return std::vector<float>(view.begin(), view.end());
  };
  const std::vector<float> first = weights(1);
  CHECK(first == weights(1));
  CHECK(first != weights(2));
}

TEST_CASE("what can't be learned changes nothing") {
  NgramClassifier classifier = trained({.epochs = 1});
  const View<const float> weights = classifier.regression().weights();
  const std::vector<float> before(weights.begin(), weights.end());
  test::check_error<InvalidArgument>(
      [&] {
        classifier.fit(std::vector<LabelledQuery>{{"a", 0}, {"b", 5}});
      },
      {"example 1 has label 5 of 5"});
  test::check_error<InvalidArgument>(
      [&] {
        classifier.fit(std::vector<LabelledQuery>{{"a", 0}}, {.epochs = 0});
      },
      {"one epoch at least"});
  const View<const float> after = classifier.regression().weights();
  CHECK(before == std::vector<float>(after.begin(), after.end()));
  test::check_error<InvalidArgument>([&] { NgramClassifier(kinds, QueryFeatures(64), SoftmaxRegression(5, 8)); },
                                     {"8 inputs", "64 buckets"});
}

TEST_CASE("a step of learning is the gradient of the loss") {
  SoftmaxRegression regression(3, 4);
  const std::vector<Feature> features{{0, 0.5F}, {3, -1}};
  for (float& value : regression.weights()) value = 0.25F;
  std::vector<double> before(3);
  regression.classify(features, before);
  regression.learn(features, 1, 0.1);
  CHECK(double{regression.weights()[0]} == doctest::Approx(0.25 - 0.1 * before[0] * 0.5));
  CHECK(double{regression.weights()[4 + 3]} == doctest::Approx(0.25 + 0.1 * (before[1] - 1)));
  CHECK(double{regression.weights()[1]} == 0.25);
  CHECK(double{regression.bias()[2]} == doctest::Approx(-0.1 * before[2]));
  test::check_error<InvalidArgument>(
      [&] {
        regression.learn(std::vector<Feature>{{4, 1}}, 0, 1);
      },
      {"input 4 of", "4"});
}

TEST_CASE("rules count whole words, in any case") {
  KeywordRules written = rules();
  std::vector<double> p(5);
  written.classify("WHO WINS, all told?", p);
  CHECK(p[3] == doctest::Approx(2.1 / 2.5));  // "who wins" and "wins"
  written.classify("he returned", p);         // no "turn"
  CHECK(p[4] == doctest::Approx(0.2));
  const auto refuse = [](const std::string& text, std::initializer_list<std::string_view> parts) {
    test::check_error<FormatError>([&] { KeywordRules::from_text(kinds, text, "rules.json"); }, parts);
  };
  refuse(R"({"REASONS": []})", {"rules.json", "REASONS", "REASON, EXPLAIN"});
  refuse(R"({"REASON": "x"})", {"rules.json", "REASON", "no list"});
  refuse(R"({"REASON": [1]})", {"rules.json", "no string"});
  refuse(R"({"REASON": [" "]})", {"rules.json", "no word"});
  refuse("[]", {"rules.json"});
  refuse("{", {"rules.json"});
}

TEST_CASE("a pool trusts who is right, and softens who is too sure") {
  // Member 0 says 0.99 and is right 7 times of 10; member 1 guesses.
  std::vector<double> said;
  std::vector<std::size_t> labels;
  for (std::size_t i = 0; i < 100; ++i) {
    const std::size_t says = i % 2;
    labels.push_back(i % 10 < 7 ? says : 1 - says);
    for (const double p : {says == 0 ? 0.99 : 0.01, says == 0 ? 0.01 : 0.99, 0.5, 0.5}) said.push_back(p);
  }
  const Pool pool = Pool::fitted(MatrixView<const double>(said.data(), 200, 2), labels);
  std::vector<double> p(2);
  pool.combine(MatrixView<const double>(said.data(), 2, 2), p);
  CHECK(p[0] == doctest::Approx(0.7).epsilon(0.01));
  CHECK(pool.temperature() > 1);
  test::check_error<InvalidArgument>([] { Pool({0, 0}); }, {"weight above 0"});
  test::check_error<InvalidArgument>([] { Pool({-1, 2}); }, {"-1"});
}

TEST_CASE("scores: F1, accuracy and calibration of four queries") {
  ClassifierScore counted(2);
  const auto add = [&](double first, std::size_t label) {
    counted.add(std::vector<double>{first, 1 - first}, label);
  };
  add(0.9, 0);
  add(0.8, 1);
  add(0.3, 1);
  add(0.6, 0);
  CHECK(counted.accuracy() == 0.75);
  CHECK(counted.f1(0) == doctest::Approx(0.8));
  CHECK(counted.f1(1) == doctest::Approx(2.0 / 3));
  CHECK(counted.macro_f1() == doctest::Approx((0.8 + 2.0 / 3) / 2));
  // Four bins of one: 0.1, 0.8, 0.3 and 0.4.
  CHECK(counted.calibration_error() == doctest::Approx(1.6 / 4));
  const std::string shown = table(counted, std::vector<std::string>{"A", "B"});
  CHECK(test::contains(shown, "4 queries, accuracy 0.750, macro F1 0.733"));
}

TEST_CASE("a classifier's folder is read as it was written, and refused where it is broken") {
  TemporaryFolder folder;
  const NgramClassifier learned = trained({.epochs = 1});
  const auto same = [](View<const float> a, View<const float> b) {
    return std::vector<float>(a.begin(), a.end()) == std::vector<float>(b.begin(), b.end());
  };
  ClassifierFile file{
      .labels = kinds, .ngrams = learned.regression(), .hidden = SoftmaxRegression(5, 8), .pool = {1, 0.5, 0}};
  file.hidden->weights()[3] = 0.5F;
  file.write(folder.path());
  const ClassifierFile read = ClassifierFile::read(folder.path());
  CHECK(read.labels == kinds);
  CHECK(read.pool == file.pool);
  CHECK(same(read.ngrams.weights(), file.ngrams.weights()));
  REQUIRE(read.hidden);
  CHECK(same(read.hidden->weights(), file.hidden->weights()));

  const std::string path = folder.path() + "/classifier.json";
  const auto refuse = [&](const std::string& text, std::initializer_list<std::string_view> parts) {
    std::ofstream(path) << text;
    test::check_error<FormatError>([&] { ClassifierFile::read(folder.path()); }, parts);
  };
  refuse("{}", {"classifier.json", "format"});
  refuse(R"({"format": "another"})", {"classifier.json", "asterism query classifier 1"});
  const std::string begin = R"({"format": "asterism query classifier 1", "labels": )";
  refuse(begin + R"(["A"], "pool": [1, 1, 1]})", {"classifier.json", "at least 2"});
  refuse(begin + R"(["A", "A"], "pool": [1, 1, 1]})", {"classifier.json", "twice"});
  refuse(begin + R"(["A", "B"], "pool": [1, 1, 1]})", {"ngrams.weight", "2 labels"});
  refuse(begin + R"(["A", "B", "C", "D", "E"], "pool": [1, 1]})", {"classifier.json", "2 weights"});
  refuse(begin + R"(["A", "B", "C", "D", "E"], "pool": [0, 0, 0]})", {"classifier.json", "above 0"});
  std::filesystem::remove(path);
  test::check_error<FileError>([&] { ClassifierFile::read(folder.path()); }, {"classifier.json"});
}

TEST_CASE("feedback is learned, kept, and taken back to the bit") {
  TemporaryFolder folder;
  const std::string path = folder.path() + "/feedback.jsonl";
  const NgramClassifier base = trained({.epochs = 1});
  const std::string query = "Quick: which one of them is it, \"Dusk\"\nor Dawn?";
  const auto says = [&](const LearningClassifier& classifier) {
    std::vector<double> p(5);
    classifier.classify(query, p);
    return p;
  };
  std::vector<double> untaught;
  std::vector<double> taught;
  {
    LearningClassifier learning(base, FeedbackJournal(path, kinds));
    untaught = says(learning);
    for (int i = 0; i < 5; ++i) learning.feedback(query, 3);
    taught = says(learning);
    CHECK(taught[3] > untaught[3]);
    CHECK(taught[3] > 0.5);
  }
  const std::string whole = file::read_file(path, 1U << 20U);
  CHECK_FALSE(std::filesystem::exists(folder.path() + "/other.jsonl"));
  CHECK(FeedbackJournal(folder.path() + "/other.jsonl", kinds).entries().empty());
  CHECK_FALSE(std::filesystem::exists(folder.path() + "/other.jsonl"));  // reading makes nothing
  std::ofstream(path) << whole.substr(0, whole.size() - 1);              // a last line that is whole counts
  CHECK(FeedbackJournal(path, kinds).entries().size == 5);
  std::ofstream(path) << whole << R"({"query": "cut o)";  // a crash
  {
    LearningClassifier again(base, FeedbackJournal(path, kinds));
    CHECK(again.journal().dropped() == 16);
    CHECK(file::read_file(path, 1U << 20U).size() == whole.size() + 16);
    CHECK(again.journal().entries().size == 5);
    CHECK(again.journal().entries()[4].query == query);
    CHECK(says(again) == taught);
    again.feedback("another", 0);
    CHECK(says(again) != taught);
    CHECK(FeedbackJournal(path, kinds).entries().size == 6);
    CHECK(FeedbackJournal(path, kinds).dropped() == 0);
    test::check_error<InvalidArgument>([&] { again.feedback(" ", 0); }, {"without a word"});
    again.rollback(5);
    CHECK(says(again) == taught);
    again.rollback(0);
    CHECK(says(again) == untaught);
    test::check_error<InvalidArgument>([&] { again.rollback(1); }, {"back to 1", "there are 0"});
  }
  CHECK(FeedbackJournal(path, kinds).entries().empty());
  std::ofstream(path) << R"({"query": "a", "label": "REASON"})"
                      << "\n"
                      << R"({"query": "b", "label": "PRAISE"})"
                      << "\n";
  test::check_error<FormatError>([&] { FeedbackJournal(path, kinds); }, {"feedback.jsonl, line 2", "PRAISE"});
}
