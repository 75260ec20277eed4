// Activations in 8 bits end to end, on the checkpoint that the repository ships: how far logits and answers move, and
// that chunks, batches and threads change no bit.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/backend/host.hpp"
#include "asterism/generate/load.hpp"
#include "asterism/lab/question_set.hpp"
#include "asterism/quant/group_int.hpp"
#include "asterism/quant/nf4.hpp"

#include "generate/batch_answers.hpp"

using namespace asterism;

namespace {

using Nf4 = quant::Nf4<64, quant::DoubleQuantized>;
using Tokens = std::vector<TokenId>;

constexpr Limits two_threads{.context = 512, .batch = 3, .prefill_chunk = 128, .threads = 2};

template <class Format, class Host>
struct Weights : Blueprint {
  static constexpr Limits limits{.context = 512, .batch = 3, .prefill_chunk = 128, .threads = 3};
  using Quantization = Format;
  using Backend = Host;
};
template <class Format>
using Exact = Weights<Format, backend::Host>;
template <class Format>
using Eight = Weights<Format, backend::HostA8>;
using Wide = Weights<Nf4, backend::HostWideA8>;

const std::string examples = ASTERISM_SOURCE_DIR "/examples/";

/// The shipped checkpoint on two threads, unless a test wants another number.
template <class B>
LanguageModel<B> shipped(const Limits& limits = two_threads) {
  LoadOptions options;
  options.limits = limits;
  return load<B>(examples + "small_mixtral/checkpoint", options);
}

/// Every `step`-th of the questions about cards and in words that training had not.
std::vector<std::string> prompts(std::size_t step) {
  std::vector<std::string> out;
  for (const char* split : {"held_out_cards", "held_out_phrasings", "new_words"}) {
    const auto questions = lab::read_questions(examples + "data/questions/" + split + ".jsonl");
    for (std::size_t i = 0; i < questions.size(); i += step) out.push_back(questions[i].prompt);
  }
  return out;
}

enum class Norm { length, largest };

/// Of every position: the norm of the difference over the norm of the reference, logits taken as vectors.
template <class A, class B>
std::vector<double> distances(const LanguageModel<A>& reference, const LanguageModel<B>& other,
                              const std::vector<std::string>& texts, Norm norm = Norm::length) {
  auto session = reference.session();
  auto other_session = other.session();
  std::vector<double> out;
  for (const std::string& text : texts) {
    const Tokens prompt = reference.tokenizer().encode(text);
    const std::vector<float> expected = session.logits(prompt);
    const std::vector<float> found = other_session.logits(prompt);
    const std::size_t width = expected.size() / prompt.size();
    for (std::size_t p = 0; p < prompt.size(); ++p) {
      double difference = 0;
      double size = 0;
      for (std::size_t i = p * width; i < (p + 1) * width; ++i) {
        const double moved = std::fabs(double{found[i]} - expected[i]);
        const double value = std::fabs(double{expected[i]});
        difference = norm == Norm::length ? std::hypot(difference, moved) : std::max(difference, moved);
        size = norm == Norm::length ? std::hypot(size, value) : std::max(size, value);
      }
      out.push_back(difference / size);
    }
  }
  return out;
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

TEST_CASE("groups of 64 move logits a little further than groups of 32") {
  const auto exact = shipped<Exact<Nf4>>();
  const double wide = median(distances(exact, shipped<Wide>(), prompts(60)));
  const double narrow = median(distances(exact, shipped<Eight<Nf4>>(), prompts(60)));
  MESSAGE("median over positions: " << 100 * wide << " %, in groups of 32 " << 100 * narrow << " %");
  CHECK(wide < 0.012);
  CHECK(wide > narrow);
  const double of_largest = median(distances(exact, shipped<Wide>(), prompts(60), Norm::largest));
  MESSAGE("the largest change over the largest logit: " << 100 * of_largest << " %");
  CHECK(of_largest < 0.011);
}

TEST_CASE_TEMPLATE("8-bit activations move logits by less than one percent, and hardly an answer", Format, Nf4,
                   quant::Int4<32>, quant::Int8<32>) {
  CAPTURE(Format::name());
  const auto exact = shipped<Exact<Format>>();
  const auto eight = shipped<Eight<Format>>();
  const std::vector<double> moved = distances(exact, eight, prompts(60));
  REQUIRE(moved.size() > 2000);
  const double middle = median(moved);
  MESSAGE(Format::name() << ": " << 100 * middle << " % at the median of " << moved.size() << " positions, "
                         << 100 * *std::max_element(moved.begin(), moved.end()) << " % at most");
  CHECK(middle < 0.01);
  CHECK(middle > 0.001);  // integers are what was computed with

  auto session = exact.session();
  auto eight_session = eight.session();
  std::size_t asked = 0;
  std::size_t changed = 0;
  for (const std::string& text : prompts(60)) {
    const Tokens prompt = exact.tokenizer().encode(text);
    const GenerateOptions options{.max_tokens = 32};
    changed += session.generate_tokens(prompt, options) == eight_session.generate_tokens(prompt, options) ? 0 : 1;
    ++asked;
  }
  MESSAGE(changed << " of " << asked << " answers changed");
  CHECK(asked == 30);
  CHECK(changed <= 2);
}

TEST_CASE_TEMPLATE("chunks, threads and batches change no bit of what 8-bit activations give", Format, Nf4,
                   quant::Int8<32>) {
  using B = Eight<Format>;
  const std::string text = prompts(600)[0];
  const auto whole = shipped<B>();
  const Tokens prompt = whole.tokenizer().encode(text);
  REQUIRE(prompt.size() > 40);
  const std::vector<float> expected = whole.session().logits(prompt);
  struct Cut {
    std::int32_t chunk, threads;
  };
  for (const Cut cut : {Cut{1, 3}, {7, 2}, {32, 1}}) {
    CAPTURE(cut.chunk);
    Limits limits = two_threads;
    limits.prefill_chunk = cut.chunk;
    limits.threads = cut.threads;
    const auto other = shipped<B>(limits);
    CHECK(other.session().logits(prompt) == expected);
  }
  const std::vector<std::string> texts = prompts(200);
  auto batch = whole.batch(3);
  std::vector<test::Answer> alone;
  for (std::uint64_t seed = 0; seed < texts.size(); ++seed) {
    alone.push_back(test::alone(whole, texts[seed], test::sampled(12), seed));
    batch.add(texts[seed], test::sampled(12), {.seed = seed});
  }
  const std::vector<BatchAnswer> found = batch.run();
  REQUIRE(found.size() == alone.size());
  for (std::size_t i = 0; i < found.size(); ++i) test::check_same(found[i], alone[i]);
}
