// At which cosine reports should become one: precision and recall over labelled pairs, by cosine alone and under the
// conditions of librarian::WeightedCentre, that figures and names are equal.
//
// Pairs of sentences about Saltlantern's cards. Same: two of five ways to say a figure of a card. Different: another
// figure in the same words, the same figure of another card in the same words, and another figure in other words. With
// ASTERISM_MINILM, the folder of all-MiniLM-L6-v2 or its like, for that encoder too.
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "asterism/backend/arena.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/random.hpp"
#include "asterism/encode/bert_encoder.hpp"
#include "asterism/encode/hashed_ngrams.hpp"
#include "asterism/file/path.hpp"
#include "asterism/json/json.hpp"
#include "asterism/librarian/policies.hpp"
#include "asterism/librarian/statement.hpp"
#include "asterism/parallel/threads.hpp"

using namespace asterism;

namespace {

constexpr std::size_t ways = 5;

std::string said(std::size_t way, const std::string& card, std::string_view what, int figure) {
  switch (way) {
    case 0:
      return concat(card, " ", what, " ", figure);
    case 1:
      return concat("The ", what, " of ", card, " is ", figure, ".");
    case 2:
      return concat(card, " has a ", what, " of ", figure, ".");
    case 3:
      return concat("With ", figure, " points of ", what, " comes ", card, ".");
    default:
      return concat("As for ", what, ", ", card, " shows ", figure, ".");
  }
}

struct Pairs {
  std::vector<std::pair<std::size_t, std::size_t>> same{};
  std::vector<std::pair<std::size_t, std::size_t>> different{};
  std::vector<std::string> texts{};

  std::size_t add(std::string text) {
    texts.push_back(std::move(text));
    return texts.size() - 1;
  }
};

Pairs pairs() {
  const std::string path = "examples/data/cards.json";
  const json::Value file = json::parse(file::read_file(path, 16U << 20U), path);
  const json::Value& cards = file["data"]["SLT"]["cards"];
  Pairs all;
  Random random(1);
  for (std::size_t i = 0; i < cards.size(); ++i) {
    const auto name = cards[i]["name"].get<std::string>();
    const auto other = cards[(i + 1 + random.below(cards.size() - 1)) % cards.size()]["name"].get<std::string>();
    const std::string_view what = i % 2 == 0 ? "strength" : "guard";
    const int figure = std::atoi(cards[i][i % 2 == 0 ? "power" : "toughness"].get<std::string>().c_str());
    const std::size_t way = random.below(ways);
    const std::size_t another = (way + 1 + random.below(ways - 1)) % ways;
    const std::size_t one = all.add(said(way, name, what, figure));
    all.same.emplace_back(one, all.add(said(another, name, what, figure)));
    all.different.emplace_back(one, all.add(said(way, name, what, figure + 1)));
    all.different.emplace_back(one, all.add(said(way, other, what, figure)));
    all.different.emplace_back(one, all.add(said(another, name, what, figure + 1)));
  }
  return all;
}

template <class Encoder>
void print(const char* name, const Encoder& encoder, const Pairs& pairs) {
  const std::size_t dim = encoder.dim();
  const std::vector<std::string_view> views(pairs.texts.begin(), pairs.texts.end());
  std::vector<float> numbers(views.size() * dim);
  encoder.encode(View<const std::string_view>(views), MatrixView<float>(numbers.data(), views.size(), dim));
  const auto statement = [&](std::size_t i) {
    return librarian::Statement{.mergeable = true,
                                .figures = librarian::figures_of(pairs.texts[i]),
                                .names = librarian::capitalised(pairs.texts[i])};
  };
  struct Judged {
    double alike;
    bool allowed;
  };
  const auto judge = [&](const auto& all) {
    std::vector<Judged> out;
    for (const auto& [a, b] : all) {
      out.push_back({librarian::Cosine::of({numbers.data() + a * dim, dim}, {numbers.data() + b * dim, dim}),
                     librarian::WeightedCentre::allows(statement(a), statement(b))});
    }
    return out;
  };
  const std::vector<Judged> same = judge(pairs.same);
  const std::vector<Judged> different = judge(pairs.different);
  std::printf("\n%s\n%-10s%26s%30s\n%-10s%13s%13s%15s%15s\n", name, "", "by cosine alone",
              "figures, names equal too", "cosine", "precision", "recall", "precision", "recall");
  for (const double least : {0.50, 0.60, 0.70, 0.80, 0.85, 0.90, 0.925, 0.95, 0.97, 0.98, 0.99}) {
    std::printf("%-10.3f", least);
    for (const bool conditions : {false, true}) {
      const auto merged = [&](const std::vector<Judged>& all) {
        std::size_t count = 0;
        for (const Judged& one : all) count += one.alike >= least && (one.allowed || !conditions) ? 1 : 0;
        return static_cast<double>(count);
      };
      const double right = merged(same);
      const double wrong = merged(different);
      const int width = conditions ? 15 : 13;
      if (right + wrong > 0) {
        std::printf("%*.3f", width, right / (right + wrong));
      } else {
        std::printf("%*s", width, "-");
      }
      std::printf("%*.3f", width, right / static_cast<double>(same.size()));
    }
    std::printf("\n");
  }
}

}  // namespace

int main() {
  const Pairs all = pairs();
  std::printf("%zu pairs that say the same, %zu that do not\n", all.same.size(), all.different.size());
  print("HashedNgrams", encode::HashedNgrams(), all);
  const std::vector<std::string_view> views(all.texts.begin(), all.texts.end());
  print("HashedNgrams with a table",
        encode::HashedNgrams({}, encode::FrequencyTable::fitted(View<const std::string_view>(views))), all);
  if (const char* folder = std::getenv("ASTERISM_MINILM")) {
    parallel::Threads threads;
    backend::Arena arena(0, 1_GiB);
    print(folder, encode::BertEncoder(folder, arena, parallel::ExecutionRef(threads)), all);
  } else {
    std::printf("\nskipped: ASTERISM_MINILM names no folder of all-MiniLM-L6-v2\n");
  }
}
