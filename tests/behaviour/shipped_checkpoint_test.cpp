// The checkpoint, the questions and the trace that the repository ships belong together, and the toolkit answers as
// PyTorch does.
#include <algorithm>
#include <cstddef>
#include <string>
#include <unordered_map>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/file/path.hpp"
#include "asterism/generate/load.hpp"
#include "asterism/json/json.hpp"
#include "asterism/lab/question_set.hpp"
#include "asterism/lab/read_routing_trace.hpp"
#include "asterism/lab/score.hpp"

#include "generate/variants.hpp"

using namespace asterism;

namespace {

const std::string examples = ASTERISM_SOURCE_DIR "/examples/";

struct Reference {
  std::vector<TokenId> ids;
  std::string text;
};

/// PyTorch's greedy answers by question.
std::unordered_map<std::string, Reference> reference_answers() {
  const std::string path = ASTERISM_GOLDEN_DIR "/expected/small_mixtral_answers.jsonl";
  const std::string text = file::read_file(path, 4U << 20U);
  std::unordered_map<std::string, Reference> answers;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    const json::Value line = json::parse(std::string_view(text).substr(at, end - at), path);
    answers.emplace(line["id"], Reference{line["ids"].get<std::vector<TokenId>>(), line["text"]});
    at = end + 1;
  }
  return answers;
}

struct Wide : test::Exact {
  static constexpr Limits limits{.context = 512, .batch = 1, .prefill_chunk = 128, .threads = 2};
};

}  // namespace

TEST_CASE("the shipped checkpoint answers as PyTorch does, token by token") {
  const auto reference = reference_answers();
  CHECK(reference.size() == 2400);
  const auto model = load<Wide>(examples + "small_mixtral/checkpoint");
  auto session = model.session();
  std::size_t asked = 0;
  for (const char* split : {"held_out_phrasings", "held_out_cards", "new_words"}) {
    const auto questions = lab::read_questions(examples + "data/questions/" + split + ".jsonl");
    lab::Score score;
    for (std::size_t i = 0; i < questions.size(); ++i) {
      if (i % 120 >= 30) continue;  // of each kind the first thirty, which take its types in turn
      const lab::Question& question = questions[i];
      CAPTURE(question.id);
      const std::vector<TokenId> found =
          session.generate_tokens(model.tokenizer().encode(question.prompt), {.max_tokens = 32});
      const Reference& expected = reference.at(question.id);
      CHECK(found == expected.ids);
      score.count(expected.text == question.answer);
      ++asked;
    }
    MESSAGE(std::string(split) << ": " << score.right << " of " << score.asked << " right");
  }
  CHECK(asked == 450);
}

TEST_CASE("the shipped trace is of the held-out cards and of the shipped checkpoint") {
  const lab::RoutingTrace trace = lab::read_routing_trace(examples + "small_mixtral/held_out_cards.trace");
  const auto questions = lab::read_questions(examples + "data/questions/held_out_cards.jsonl");
  const text::Tokenizer tokenizer =
      text::Tokenizer::from_file(examples + "small_mixtral/checkpoint/tokenizer.json");
  REQUIRE(trace.sequences().size() == questions.size());
  CHECK(trace.sizes().layers == 4);
  CHECK(trace.sizes().experts == 8);
  CHECK(trace.sizes().top_k == 2);
  for (std::size_t i = 0; i < questions.size(); ++i) {
    const lab::RoutedSequence& sequence = trace.sequences()[i];
    CHECK(sequence.label == questions[i].id);
    const std::vector<TokenId> prompt = tokenizer.encode(questions[i].prompt);
    REQUIRE(sequence.prompt_tokens == prompt.size());
    CHECK(std::equal(prompt.begin(), prompt.end(), sequence.tokens.begin()));
  }
}
