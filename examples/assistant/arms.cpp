// `arms`: the base model, a persona, and combinations of two answer the same questions.
#include <asterism/assistant/council.hpp>
#include <asterism/assistant/gates.hpp>
#include <asterism/core/progress_bar.hpp>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <map>

#include "../support/command_line.hpp"
#include "assisted.hpp"
#include "questions.hpp"

namespace example {

namespace {

struct Pair {
  std::string kind;
  std::string prompt;
  std::string query;
  std::string completion;
};

/// Pairs of a file as write_pairs.py writes it, KIND*.jsonl; their kind is the part of the name before the first point.
std::vector<Pair> read_pairs(const std::string& path, const assistant::Labels& labels, std::size_t limit) {
  std::string kind = std::filesystem::path(path).filename().string();
  kind = kind.substr(0, kind.find('.'));
  of_option([&] { labels.number_of(kind); });
  std::vector<Pair> out;
  for_each_row(path, [&](const json::Value& row, const std::string& where) {
    if (limit > 0 && out.size() == limit) return;
    const std::string prompt = text_of(row, "prompt", where);
    out.push_back({kind, prompt, query_in(prompt, where), text_of(row, "completion", where)});
  });
  return out;
}

/// The 95 % interval of a share. Source: Wilson, Probable inference, JASA 1927.
std::string wilson(std::size_t right, std::size_t all) {
  const double n = static_cast<double>(all);
  const double p = static_cast<double>(right) / n;
  const double z = 1.96;
  const double middle = (p + z * z / (2 * n)) / (1 + z * z / n);
  const double half = z / (1 + z * z / n) * std::sqrt(p * (1 - p) / n + z * z / (4 * n * n));
  char text[48];
  std::snprintf(text, sizeof(text), "%5.3f (%.2f-%.2f)", p, std::max(0.0, middle - half),
                std::min(1.0, middle + half));
  return text;
}

}  // namespace

int arms(const Arguments& arguments, const Interrupt& interrupt) {
  Arguments greedy = arguments;
  greedy.greedy = true;
  const auto model = load_base(greedy);
  Classifier classifier = classifier_of(greedy, model);
  const assistant::Labels labels({classifier.labels().begin(), classifier.labels().end()});
  const auto personas = personas_of(greedy, model, labels.names());
  assistant::Council<Assisted, assistant::Product> product(model, 2);
  assistant::Council<Assisted, assistant::Mixture> mixture(model, 2);
  const char* const names[] = {"base", "persona", "routed", "product", "mixture"};
  std::map<std::string, std::map<std::string, std::size_t>> right;
  std::map<std::string, std::size_t> all;
  for (const std::string& path : arguments.files) {
    const auto pairs = read_pairs(path, labels, arguments.limit);
    ProgressBar bar;
    bar.begin(path, pairs.size(), ProgressUnit::items);
    std::uint64_t done = 0;
    for (const Pair& pair : pairs) {
      if (interrupt.happened()) return Status::interrupted;
      std::vector<double> probabilities(labels.size());
      classifier.classify(pair.query, probabilities);
      const auto best = assistant::TopK().choose(probabilities);
      const auto voice = [&](const assistant::Choice& one) {
        return assistant::Voice{.adapter = personas[one.label].adapter, .probability = one.probability};
      };
      const std::vector<assistant::Voice> two{voice(best[0]), voice(best[1])};
      const auto count = [&](const char* arm, auto& council, const std::vector<assistant::Voice>& voices) {
        const auto& speech = personas[labels.number_of(pair.kind)].speech;
        const auto answer = council.ask(model.prompt(pair.prompt, speech), false, voices, speech);
        std::string text = answer.text;
        text.erase(0, std::min(text.find_first_not_of(' '), text.size()));
        right[pair.kind][arm] += text == pair.completion ? 1 : 0;
      };
      count("base", product, {{}});
      count("persona", product, {{.adapter = personas[labels.number_of(pair.kind)].adapter}});
      count("routed", product, {two[0]});
      count("product", product, two);
      count("mixture", mixture, two);
      ++all[pair.kind];
      bar.advance(++done, pair.kind);
    }
    bar.end();
  }
  std::cout << "Answers in the form of the kind's persona, exactly, of " << arguments.files.size()
            << " files:\n\n";
  char cell[64];
  for (const auto& [kind, counts] : right) {
    std::cout << kind << ", " << all[kind] << " questions\n";
    for (const char* const arm : names) {
      const std::size_t count = counts.at(arm);
      const auto length = static_cast<std::size_t>(
          std::lround(30.0 * static_cast<double>(count) / static_cast<double>(all[kind])));
      std::snprintf(cell, sizeof(cell), "  %-8s %-30s ", arm, std::string(length, '#').c_str());
      std::cout << cell << wilson(count, all[kind]) << "\n";
    }
  }
  return Status::done;
}

}  // namespace example
