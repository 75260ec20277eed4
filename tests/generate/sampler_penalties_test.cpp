// What changes logits before the temperature, against transformers' processors and OpenAI's formula.
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/core/random.hpp"
#include "asterism/file/path.hpp"
#include "asterism/generate/decoding/sampler.hpp"
#include "asterism/json/json.hpp"

#include "support/files.hpp"
#include "support/golden.hpp"

using namespace asterism;
using generate::AnswerSoFar;
using generate::Candidate;
using generate::Sampler;
using test::check_error;

namespace {

GenerateOptions options_of(const json::Value& json) {
  GenerateOptions options;
  options.temperature = 1;
  const auto number = [&](const char* key, double when_absent) {
    return static_cast<float>(json[key].is_null() ? when_absent : json[key].get<double>());
  };
  options.repetition_penalty = number("penalty", 1);
  options.presence_penalty = number("presence", 0);
  options.frequency_penalty = number("frequency", 0);
  options.min_new_tokens = static_cast<std::int32_t>(number("shortest", 0));
  for (const json::Value& one : json["bias"].is_null() ? json::Value::array() : json["bias"]) {
    options.logit_bias.push_back({one[0].get<TokenId>(), one[1].get<float>()});
  }
  if (!json["decay"].is_null()) {
    options.exponential_decay_length_penalty = {json["decay"][0].get<std::int32_t>(),
                                                json["decay"][1].get<float>()};
  }
  return options;
}

}  // namespace

TEST_CASE("logits before the temperature are those of the reference") {
  const test::Golden golden("sampling/penalties.safetensors");
  const std::string path = std::string(ASTERISM_GOLDEN_DIR) + "/sampling/penalties.json";
  const json::Value cases = json::parse(file::read_file(path, 1U << 20U), path);
  CHECK(cases.size() == 24);
  for (const json::Value& one : cases) {
    const std::string name = one["case"];
    CAPTURE(name);
    std::vector<float> logits = golden.values<float>("logits_" + one["logits"].get<std::string>());
    const auto history = golden.values<TokenId>("history_" + one["logits"].get<std::string>());
    const auto expected = golden.values<float>("scores_" + name);
    const auto ends = one["ends"].get<std::vector<TokenId>>();
    const AnswerSoFar answer{.tokens = one["answer"].get<std::size_t>(), .end_tokens = ends};
    const GenerateOptions options = options_of(one);
    CHECK_NOTHROW(Sampler::check(options, logits.size()));
    Sampler sampler(logits.size());
    for (int time = 0; time < 2; ++time) {  // nothing is left of the first time
      std::vector<float> copy = logits;
      const View<const Candidate> left = sampler.filter(copy, history, options, answer);
      std::size_t drawable = 0;
      for (const float score : expected) drawable += std::isfinite(score) ? 1 : 0;
      CHECK(left.size == drawable);
      for (const Candidate& candidate : left) {
        const auto score = double{expected[static_cast<std::size_t>(candidate.id)]};
        CHECK(double{candidate.logit} == doctest::Approx(score).epsilon(1e-6));
      }
    }
    GenerateOptions greedy = options;
    greedy.temperature = 0;
    Random random(1);
    const TokenId best = sampler.choose(logits, history, greedy, random, answer);
    for (const float score : expected) CHECK(score <= expected[static_cast<std::size_t>(best)]);
  }
}

TEST_CASE("a decay grows without bound, and stays a number") {
  GenerateOptions options;
  options.exponential_decay_length_penalty = {0, 1e6F};
  std::vector<float> logits = {1, -2, 3};
  const std::vector<TokenId> history(100, 0);
  const std::vector<TokenId> ends = {1};
  Random random(1);
  Sampler sampler(3);
  CHECK(sampler.choose(logits, history, options, random, {.tokens = 100, .end_tokens = ends}) == 1);
  CHECK(logits[1] == std::numeric_limits<float>::max());
}

TEST_CASE("where every token ends the answer, none can be forbidden") {
  GenerateOptions options;
  options.min_new_tokens = 1;
  const std::vector<TokenId> ends = {0, 1};
  Random random(1);
  Sampler sampler(2);
  for (const float temperature : {0.0F, 1.0F}) {
    options.temperature = temperature;
    std::vector<float> logits = {1, 2};
    check_error<NumericError>([&] { sampler.choose(logits, {}, options, random, {.end_tokens = ends}); },
                              {"min_new_tokens"});
  }
}

TEST_CASE("what is out of range is named") {
  const auto refused = [](auto&& change, std::initializer_list<std::string_view> words) {
    GenerateOptions options;
    change(options);
    check_error<InvalidArgument>([&] { Sampler::check(options, 10); }, words);
  };
  for (const float wrong : {-2.1F, 2.1F, std::numeric_limits<float>::quiet_NaN()}) {
    refused([&](GenerateOptions& o) { o.presence_penalty = wrong; }, {"presence_penalty", "-2 to 2"});
    refused([&](GenerateOptions& o) { o.frequency_penalty = wrong; }, {"frequency_penalty", "-2 to 2"});
    refused([&](GenerateOptions& o) { o.logit_bias = {{1, wrong * 50}}; }, {"logit_bias", "-100 to 100"});
  }
  refused([](GenerateOptions& o) { o.logit_bias = {{-1, 1}}; }, {"logit_bias", "-1"});
  refused([](GenerateOptions& o) { o.logit_bias = {{10, 1}}; }, {"logit_bias", "token 10", "vocabulary of 10"});
  refused([](GenerateOptions& o) { o.min_new_tokens = -1; }, {"min_new_tokens"});
  refused([](GenerateOptions& o) { o.min_new_tokens = o.max_tokens + 1; }, {"min_new_tokens", "max_tokens"});
  refused([](GenerateOptions& o) { o.exponential_decay_length_penalty = {-1, 1}; }, {"start"});
  refused([](GenerateOptions& o) { o.exponential_decay_length_penalty = {0, 0.5F}; }, {"factor", "1 to 1e6"});
  refused([](GenerateOptions& o) { o.top_logprobs = 21; }, {"top_logprobs", "0 to 20"});
  refused([](GenerateOptions& o) { o.top_logprobs = -1; }, {"top_logprobs"});
  refused([](GenerateOptions& o) { o.prompt_logprobs = true; }, {"prompt_logprobs", "top_logprobs"});
}
