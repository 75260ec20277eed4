// The shipped checkpoint on aarch64, cross-compiled: its greedy answers are PyTorch's, token by token, as they are on
// x86-64 (tests/behaviour/shipped_checkpoint_test.cpp), in float32, and in NF4 with activations in 8 bits.
#include <cstddef>
#include <iostream>
#include <string>
#include <vector>

#include "asterism/lab/question_set.hpp"
#include "asterism/load.hpp"

using namespace asterism;

namespace {

struct Exact : Blueprint {
  static constexpr Limits limits{.context = 512, .batch = 1, .prefill_chunk = 128, .threads = 2};
  using Quantization = quant::Float32;
  using KvCache = attention::StaticKvCache<quant::Float32>;
};

struct Nf4A8 : Exact {
  using Quantization = quant::Nf4<64, quant::DoubleQuantized>;
  using KvCache = attention::StaticKvCache<quant::Float16>;
  using Backend = backend::HostA8;
};

/// PyTorch's answer to a question.
std::vector<TokenId> reference(const std::string& answers, const std::string& id) {
  const std::size_t at = answers.find("{\"id\": \"" + id + "\"");
  if (at == std::string::npos) throw InvalidArgument("no answer to " + id);
  return json::parse(std::string_view(answers).substr(at, answers.find('\n', at) - at), id)["ids"]
      .get<std::vector<TokenId>>();
}

template <class Variant>
int wrong(std::size_t count) {
  const std::string answers = file::read_file("tests/golden/expected/small_mixtral_answers.jsonl", 4U << 20U);
  const auto questions = lab::read_questions("examples/data/questions/held_out_cards.jsonl");
  const auto model = load<Variant>("examples/small_mixtral/checkpoint");
  auto session = model.session();
  int wrong = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const lab::Question& question = questions[i * 120];  // of each kind
    const std::vector<TokenId> found =
        session.generate_tokens(model.tokenizer().encode(question.prompt), {.max_tokens = 32});
    wrong += found == reference(answers, question.id) ? 0 : 1;
  }
  return wrong;
}

}  // namespace

int main() try {
  const int exact = wrong<Exact>(3);
  const int integers = wrong<Nf4A8>(3);
  std::cout << simd::name(simd::level()) << ": " << exact << " and " << integers << " of 3 answers differ\n";
  return exact + integers == 0 ? 0 : 1;
} catch (const std::exception& error) {
  std::cerr << error.what() << "\n";
  return 1;
}
