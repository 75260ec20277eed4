// What feedback teaches a classifier of queries, and what wrong feedback costs: macro F1 on wordings that nobody has
// seen, by how many questions it was trained on, after 200 more that people labelled, all rightly or one of twenty
// wrongly, in the mean of five draws; and how long a query takes.
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "asterism/assistant/classifier_score.hpp"
#include "asterism/assistant/learning_classifier.hpp"
#include "asterism/core/random.hpp"
#include "asterism/json/json.hpp"

using namespace asterism;
using assistant::LabelledQuery;

namespace {

const assistant::Labels labels({"REASON", "EXPLAIN", "TEACH", "PREDICT", "RETROSPECT"});

std::vector<LabelledQuery> questions(const std::string& split) {
  std::vector<LabelledQuery> out;
  const std::string path = "examples/data/questions/" + split + ".jsonl";
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const json::Value row = json::parse(line, path);
    const auto prompt = row["prompt"].get<std::string>();
    const std::size_t begin = prompt.find("Query: ") + 7;
    out.push_back({prompt.substr(begin, prompt.find("\nResponse:") - begin),
                   labels.number_of(row["kind"].get<std::string>())});
  }
  return out;
}

}  // namespace

int main() {
  const std::vector<LabelledQuery> all = questions("training");
  const std::vector<LabelledQuery> test = questions("held_out_phrasings");
  constexpr std::size_t given = 200;
  std::printf("%8s %10s %14s %14s\n", "trained", "before", "after 200", "5 % wrong");
  double milliseconds = 0;
  for (const std::size_t trained : {25U, 50U, 100U, 400U}) {
    double f1[3] = {};
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
      std::vector<LabelledQuery> drawn = all;
      Random random(seed);
      for (std::size_t left = drawn.size(); left > 1; --left)
        std::swap(drawn[left - 1], drawn[random.below(left)]);
      assistant::NgramClassifier base(labels);
      base.fit(View<const LabelledQuery>(drawn.data(), trained), {.epochs = 10, .rate = 0.2, .decay = 1e-5});
      for (int wrong = 0; wrong <= 2; ++wrong) {
        assistant::NgramClassifier now = base;
        for (std::size_t i = 0; wrong > 0 && i < given; ++i) {
          const LabelledQuery& said = drawn[trained + i];
          const std::size_t label =
              wrong == 2 && i % 20 == 0 ? (said.label + 1 + random.below(4)) % 5 : said.label;
          now.learn(said.query, label, assistant::LearningClassifier::default_rate);
        }
        const auto begun = std::chrono::steady_clock::now();
        f1[wrong] += assistant::score(now, View<const LabelledQuery>(test)).macro_f1() / 5;
        milliseconds = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begun).count();
      }
    }
    std::printf("%8zu %10.3f %14.3f %14.3f\n", trained, f1[0], f1[1], f1[2]);
  }
  std::printf("%.3f ms a query\n", milliseconds / static_cast<double>(test.size()));
}
