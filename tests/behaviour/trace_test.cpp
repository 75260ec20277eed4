// What Trace remembers of a model that runs, against the reference's routers.
#include "asterism/observe/trace.hpp"

#include <cmath>
#include <stop_token>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/generate/load.hpp"
#include "asterism/quant/float32.hpp"

#include "support/golden.hpp"

using namespace asterism;
using observe::Choice;
using observe::Trace;

namespace {

using Tokens = std::vector<TokenId>;

struct Traced : Blueprint {
  static constexpr Limits limits{.context = 256, .batch = 1, .prefill_chunk = 16, .threads = 2};
  using Quantization = quant::Float32;
  using Embedding = quant::Float32;
  using Head = quant::Float32;
  using KvCache = attention::StaticKvCache<quant::Float32>;
  using Observer = Trace;
};

const LanguageModel<Traced>& plain() {
  static const auto model = load<Traced>(std::string(ASTERISM_GOLDEN_DIR) + "/models/plain");
  return model;
}

const test::Golden& golden() {
  static const test::Golden values("expected/plain.safetensors");
  return values;
}

/// All that a trace knows.
std::vector<Choice> all_choices(const Trace& trace) {
  std::vector<Choice> out;
  for (std::int32_t position = 0; position < trace.positions(); ++position) {
    for (std::int32_t layer = 0; layer < trace.layers(); ++layer) {
      for (const Choice& choice : trace.at(position, layer)) out.push_back(choice);
    }
  }
  return out;
}

/// What a fresh session's observer knows of these tokens.
std::vector<Choice> computed_afresh(const Tokens& tokens) {
  auto session = plain().session();
  session.visit_logits(tokens, [](std::size_t, View<const float>) {});
  return all_choices(session.observer());
}

GenerateOptions greedy(std::int32_t max_tokens) {
  GenerateOptions options;
  options.max_tokens = max_tokens;
  options.stop_at_eos = false;
  return options;
}

}  // namespace

TEST_CASE("through a model: the reference's routes, and the softmax of its routers") {
  const auto routes = golden().values<std::int32_t>("routes_33");  // (layers, tokens, top_k)
  const auto scores = golden().values<float>("router_logits_33");  // (layers, tokens, experts)
  REQUIRE(golden().shape("routes_33") == std::vector<std::uint64_t>{2, 33, 2});
  REQUIRE(golden().shape("router_logits_33") == std::vector<std::uint64_t>{2, 33, 4});
  auto session = plain().session();
  session.logits(golden().values<TokenId>("prompt_33"));
  const Trace& trace = session.observer();
  REQUIRE(trace.layers() == 2);
  REQUIRE(trace.experts() == 4);
  REQUIRE(trace.top_k() == 2);
  REQUIRE(trace.positions() == 33);
  for (std::size_t layer = 0; layer < 2; ++layer) {
    for (std::size_t token = 0; token < 33; ++token) {
      CAPTURE(layer);
      CAPTURE(token);
      const float* row = scores.data() + (layer * 33 + token) * 4;
      double total = 0;
      for (std::size_t e = 0; e < 4; ++e) total += std::exp(double{row[e]});
      const auto found = trace.at(static_cast<std::int32_t>(token), static_cast<std::int32_t>(layer));
      for (std::size_t k = 0; k < 2; ++k) {
        CHECK(found[k].expert == routes[(layer * 33 + token) * 2 + k]);
        CHECK(std::fabs(found[k].probability - std::exp(double{row[found[k].expert]}) / total) < 2e-5);
      }
    }
  }
}

TEST_CASE("the trace describes the session's tokens, whatever was reused") {
  const auto first = golden().values<TokenId>("prompt_33");
  auto session = plain().session();
  const auto check = [&] {
    const Tokens tokens(session.tokens().begin(), session.tokens().end() - 1);  // the last one was only chosen
    CHECK(session.observer().positions() == static_cast<std::int32_t>(tokens.size()));
    CHECK(all_choices(session.observer()) == computed_afresh(tokens));
  };
  const Tokens answer = session.generate_tokens(first, greedy(20));
  check();
  // The conversation goes on.
  Tokens longer = first;
  longer.insert(longer.end(), answer.begin(), answer.end());
  longer.push_back(7);
  session.generate_tokens(longer, greedy(5));
  CHECK(session.last().usage.cached_tokens == 52);
  check();
  // Back to a beginning, and to one that differs in the middle.
  session.generate_tokens(first, greedy(3));
  CHECK(session.last().usage.cached_tokens == 32);
  check();
  Tokens other = first;
  other[20] ^= 1;
  session.generate_tokens(other, greedy(1));
  CHECK(session.last().usage.cached_tokens == 20);
  check();
  session.clear();
  session.generate_tokens({other.data(), 5}, greedy(4));
  check();
}

TEST_CASE("a pass that was cancelled is not known") {
  const auto prompt = golden().values<TokenId>("prompt_33");
  auto session = plain().session();
  session.generate_tokens(prompt, greedy(4));
  std::stop_source stop;
  GenerateOptions options = greedy(4);
  options.cancel = stop.get_token();
  stop.request_stop();
  Tokens other = prompt;
  other[3] ^= 1;
  session.generate_tokens(other, options);
  CHECK(session.last().usage.completion_tokens == 0);
  session.generate_tokens(other, greedy(1));
  CHECK(session.observer().positions() == 33);
  CHECK(all_choices(session.observer()) == computed_afresh(other));
}
