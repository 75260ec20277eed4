// Which tokens survive and how probable they are, against transformers' logits processors; and the draws.
#include "asterism/generate/decoding/sampler.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/core/random.hpp"
#include "asterism/file/path.hpp"
#include "asterism/json/json.hpp"

#include "support/files.hpp"
#include "support/golden.hpp"

using namespace asterism;
using generate::Candidate;
using generate::Sampler;
using json::Value;
using test::check_error;

namespace {

struct Case {
  json::Value json;
  std::vector<float> logits;
  std::vector<TokenId> history;
  GenerateOptions options;
};

std::vector<Case> golden_cases(const test::Golden& golden) {
  const std::string path = std::string(ASTERISM_GOLDEN_DIR) + "/sampling/cases.json";
  std::vector<Case> cases;
  for (const json::Value& json : json::parse(file::read_file(path, 1U << 20U), path)) {
    Case one{.json = json, .logits = {}, .history = {}, .options = {}};
    one.logits = golden.values<float>("logits_" + json["logits"].get<std::string>());
    one.history = golden.values<TokenId>("history_" + json["logits"].get<std::string>());
    const auto number = [&](const char* key, double when_absent) {
      return static_cast<float>(json[key].is_null() ? when_absent : json[key].get<double>());
    };
    one.options.temperature = number("temperature", 1);
    one.options.top_k = static_cast<std::int32_t>(number("top_k", 0));
    one.options.top_p = number("top_p", 1);
    one.options.min_p = number("min_p", 0);
    one.options.repetition_penalty = number("penalty", 1);
    cases.push_back(std::move(one));
  }
  return cases;
}

std::vector<Candidate> copied(View<const Candidate> candidates) { return {candidates.begin(), candidates.end()}; }

bool is_close(float found, float expected) {
  constexpr double subnormal = std::numeric_limits<float>::min();  // below, few digits are left
  return std::fabs(double{found} - double{expected}) <= 1e-5 * double{expected} + subnormal;
}

const std::vector<TokenId> no_history;

}  // namespace

TEST_CASE("survivors and probabilities are those of transformers") {
  const test::Golden golden("sampling/cases.safetensors");
  const std::vector<Case> cases = golden_cases(golden);
  CHECK(cases.size() == 150);
  std::size_t split = 0;
  for (const Case& one : cases) {
    const std::string name = one.json["case"];
    CAPTURE(name);
    const auto ids = golden.values<TokenId>("ids_" + name);
    auto probabilities = golden.values<float>("probabilities_" + name);
    Sampler sampler(one.logits.size());
    std::vector<float> logits = one.logits;
    std::vector<Candidate> found = copied(sampler.filter(logits, one.history, one.options));
    REQUIRE(found.size() == ids.size());
    const auto ordered = [](const Candidate& a, const Candidate& b) {
      return a.score > b.score || (a.score == b.score && a.id < b.id);
    };
    CHECK(std::is_sorted(found.begin(), found.end(), ordered));
    double sum = 0;
    for (const Candidate& candidate : found) sum += double{candidate.probability};
    CHECK(sum == doctest::Approx(1.0).epsilon(1e-5));
    if (one.json["splits_equal_logits"].get<bool>()) {
      ++split;
      std::sort(probabilities.begin(), probabilities.end(), std::greater<>());
      for (std::size_t i = 0; i < found.size(); ++i) CHECK(is_close(found[i].probability, probabilities[i]));
    } else {
      std::sort(found.begin(), found.end(), [](const Candidate& a, const Candidate& b) { return a.id < b.id; });
      for (std::size_t i = 0; i < found.size(); ++i) {
        CHECK(found[i].id == ids[i]);
        CHECK(is_close(found[i].probability, probabilities[i]));
      }
    }
    // A second call is not disturbed by the first one.
    logits = one.logits;
    CHECK(sampler.filter(logits, one.history, one.options).size == ids.size());
  }
  CHECK(split > 0);
}

TEST_CASE("the k best of many, with all that are as good as the last, in whatever order logits come") {
  constexpr std::size_t vocabulary = 3000;
  Random order(5);
  std::vector<std::vector<float>> rows(6, std::vector<float>(vocabulary));
  for (std::size_t i = 0; i < vocabulary; ++i) {
    const auto n = static_cast<float>(i);
    const float each[] = {n / 100,                                        // ascending: each is the best so far
                          -n / 100,                                       // descending
                          static_cast<float>(order.normal()),             // no two alike
                          static_cast<float>(order.below(7)),             // many alike
                          1,                                              // all alike
                          i < 2900 ? -5.0F : static_cast<float>(i % 3)};  // the best at the end
    for (std::size_t row = 0; row < rows.size(); ++row) rows[row][i] = each[row];
  }
  Sampler sampler(vocabulary);
  for (std::size_t row = 0; row < rows.size(); ++row) {
    std::vector<float> sorted = rows[row];
    std::sort(sorted.begin(), sorted.end(), std::greater<>());
    for (const std::int32_t top_k : {1, 2, 5, 40, 700, 749, 750, 751, 2999, 3000, 4000}) {
      CAPTURE(row);
      CAPTURE(top_k);
      const float least = sorted[std::min<std::size_t>(static_cast<std::size_t>(top_k), vocabulary) - 1];
      std::vector<TokenId> expected;
      for (std::size_t i = 0; i < vocabulary; ++i) {
        if (rows[row][i] >= least) expected.push_back(static_cast<TokenId>(i));
      }
      std::stable_sort(expected.begin(), expected.end(), [&](TokenId a, TokenId b) {
        return rows[row][static_cast<std::size_t>(a)] > rows[row][static_cast<std::size_t>(b)];
      });
      GenerateOptions options;
      options.temperature = 1;
      options.top_k = top_k;
      options.top_p = 1;
      std::vector<float> logits = rows[row];
      std::vector<TokenId> found;
      for (const Candidate& candidate : sampler.filter(logits, no_history, options)) found.push_back(candidate.id);
      CHECK((found == expected));
    }
  }
}

TEST_CASE("without sampling the best token wins, the lowest id among equals, after the repetition penalty") {
  Sampler sampler(4);
  Random random(1);
  const auto best = [&](std::vector<float> logits, const std::vector<TokenId>& history, float penalty) {
    GenerateOptions options;
    options.repetition_penalty = penalty;
    return sampler.choose(logits, history, options, random);
  };
  CHECK(best({1, 3, 2, 3}, {}, 1) == 1);
  CHECK(best({1, 3, 2, 2.5F}, {1}, 1.3F) == 3);        // 3 / 1.3 < 2.5
  CHECK(best({1, 3, 2, 2.2F}, {1, 1, 1}, 1.3F) == 1);  // once, however often it occurred
  CHECK(best({-1, -2, -1.1F, -5}, {0}, 1.3F) == 2);    // -1 * 1.3 < -1.1
  CHECK(best({1, 3, 2, 2.5F}, {3}, 0.8F) == 3);        // below 1: more probable
  CHECK(best({1, 3, 2, 2.5F}, {1}, 1) == 1);
  CHECK(random() == Random(1)());  // nothing was drawn
  // Filters do not apply, options for sampling make no difference.
  GenerateOptions options;
  options.top_k = 1;
  options.top_p = 0.1F;
  options.min_p = 1;
  std::vector<float> logits = {0, 0, 0, 0};
  CHECK(sampler.choose(logits, no_history, options, random) == 0);
}

TEST_CASE("extremes that must stay defined") {
  Sampler sampler(4);
  Random random(3);
  GenerateOptions options;
  const auto survivors = [&](std::vector<float> logits, const std::vector<TokenId>& history) {
    Sampler::check(options);
    return copied(sampler.filter(logits, history, options));
  };
  options.temperature = 1e-38F;  // logits / temperature would be infinite
  std::vector<Candidate> found = survivors({-90, 80, 79.9F, 80}, {});
  REQUIRE(found.size() == 4);
  CHECK(found[0].id == 1);
  CHECK(found[0].probability == 0.5F);
  CHECK(found[1].id == 3);
  CHECK(found[1].probability == 0.5F);
  CHECK(found[2].probability == 0);
  for (int i = 0; i < 50; ++i) {
    std::vector<float> logits = {-90, 80, 79.9F, 20};
    CHECK(sampler.choose(logits, no_history, options, random) == 1);
  }
  options.temperature = 1e6F;
  found = survivors({-90, 80, 79.9F, 80}, {});
  for (const Candidate& candidate : found) CHECK(candidate.probability == doctest::Approx(0.25).epsilon(1e-3));
  options.temperature = 1;
  options.top_p = 1e-30F;
  CHECK(survivors({1, 3, 2, 3}, {}).size() == 1);
  options.top_p = 1;
  options.min_p = 1;
  CHECK(survivors({1, 3, 2, 3}, {}).size() == 2);  // both best ones
  options.min_p = 0;
  options.top_k = 1;
  CHECK(survivors({1, 3, 2, 3}, {}).size() == 2);  // equal to the k-th
  options.top_k = 1'000'000;
  CHECK(survivors({1, 3, 2, 3}, {}).size() == 4);
  options.repetition_penalty = 1e6F;
  CHECK(survivors({1, 3, 2, 3}, {0, 1, 2, 3, 3}).size() == 4);
}

TEST_CASE("NaN and infinite logits are errors that name the token, and leave the sampler usable") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  Sampler sampler(3);
  Random random(1);
  for (const float temperature : {0.0F, 1.0F}) {
    for (const float bad : {nan, -nan, infinity, -infinity}) {
      GenerateOptions options;
      options.temperature = temperature;
      options.repetition_penalty = 1.5F;
      std::vector<float> logits = {1, 2, bad};
      const std::vector<TokenId> history = {0, 2};
      check_error<NumericError>([&] { sampler.choose(logits, history, options, random); }, {"token 2"});
      logits = {1, 5, 2};
      options.temperature = 0;
      CHECK(sampler.choose(logits, history, options, random) == 1);
    }
  }
  GenerateOptions options;  // finite, but not behind the penalty
  options.repetition_penalty = 1e6F;
  std::vector<float> logits = {1, -1e35F, 2};
  check_error<NumericError>([&] { sampler.choose(logits, std::vector<TokenId>{1}, options, random); },
                            {"token 1"});
}

TEST_CASE("options out of range are refused by name") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  const auto refuse = [](auto member, auto value, const char* name) {
    CAPTURE(name);
    GenerateOptions options;
    options.*member = value;
    check_error<InvalidArgument>([&] { Sampler::check(options); },
                                 {std::string("GenerateOptions::") + name + " "});
  };
  const auto accept = [](auto member, auto value) {
    GenerateOptions options;
    options.*member = value;
    CHECK_NOTHROW(Sampler::check(options));
  };
  using O = GenerateOptions;
  for (const float bad : {-0.1F, 1.1e6F, nan, infinity, -infinity}) refuse(&O::temperature, bad, "temperature");
  for (const float good : {0.0F, 1e-45F, 0.7F, 1e6F}) accept(&O::temperature, good);
  refuse(&O::top_k, -1, "top_k");
  accept(&O::top_k, std::numeric_limits<std::int32_t>::max());
  for (const float bad : {0.0F, -0.5F, 1.001F, nan, infinity}) refuse(&O::top_p, bad, "top_p");
  for (const float good : {1e-30F, 1.0F}) accept(&O::top_p, good);
  for (const float bad : {-0.01F, 1.01F, nan}) refuse(&O::min_p, bad, "min_p");
  for (const float good : {0.0F, 1.0F}) accept(&O::min_p, good);
  for (const float bad : {0.0F, -1.0F, 1e-7F, 1.1e6F, nan, infinity}) {
    refuse(&O::repetition_penalty, bad, "repetition_penalty");
  }
  for (const float good : {1e-6F, 1e6F}) accept(&O::repetition_penalty, good);
  for (const std::int32_t bad : {0, -5}) refuse(&O::max_tokens, bad, "max_tokens");
  accept(&O::max_tokens, 1);
  refuse(&O::stop, std::vector<std::string>{"end", ""}, "stop");
}

TEST_CASE("draws follow the probabilities, and equal seeds draw equal tokens") {
  const test::Golden golden("sampling/cases.safetensors");
  const auto scores = golden.values<float>("logits_medium");
  Sampler sampler(scores.size());
  GenerateOptions options;
  options.temperature = 1.3F;
  options.top_k = 40;
  options.top_p = 0.95F;
  std::vector<float> logits = scores;
  const std::vector<Candidate> candidates = copied(sampler.filter(logits, no_history, options));
  REQUIRE(candidates.size() > 10);
  for (const std::uint64_t seed : {1, 2, 3}) {
    CAPTURE(seed);
    constexpr int draws = 20'000;
    std::vector<int> counts(scores.size());
    Random random(seed);
    Random again(seed);
    for (int i = 0; i < draws; ++i) {
      logits = scores;
      const TokenId token = sampler.choose(logits, no_history, options, random);
      ++counts[static_cast<std::size_t>(token)];
      if (i < 500) {
        logits = scores;
        CHECK(sampler.choose(logits, no_history, options, again) == token);
      }
    }
    double chi_square = 0;
    int all = 0;
    for (const Candidate& candidate : candidates) {
      const double expected = draws * double{candidate.probability};
      const int found = counts[static_cast<std::size_t>(candidate.id)];
      all += found;
      chi_square += (found - expected) * (found - expected) / expected;
    }
    CHECK(all == draws);  // none that was filtered out
    // Mean k - 1 and variance 2 (k - 1): five standard deviations either way.
    const auto freedom = static_cast<double>(candidates.size() - 1);
    CHECK(chi_square < freedom + 5 * std::sqrt(2 * freedom));
    CHECK(chi_square > freedom - 5 * std::sqrt(2 * freedom));
  }
}

TEST_CASE("different seeds draw different tokens") {
  std::vector<TokenId> first;
  std::vector<TokenId> second;
  Sampler sampler(100);
  GenerateOptions options;
  options.temperature = 1;
  Random one(1);
  Random two(2);
  for (int i = 0; i < 20; ++i) {
    std::vector<float> logits(100, 0.0F);
    first.push_back(sampler.choose(logits, no_history, options, one));
    std::fill(logits.begin(), logits.end(), 0.0F);
    second.push_back(sampler.choose(logits, no_history, options, two));
  }
  CHECK(first != second);
}

TEST_CASE("top-k compares logits, not their distances from the best one, which may round to the same") {
  generate::Sampler sampler(4);
  // 2^24 - 1 and 2^24 - 1.5 are one float; Hugging Face keeps two tokens here.
  std::vector<float> logits = {16777216.0F, 1.0F, 1.5F, -1.0F};
  GenerateOptions options;
  options.temperature = 1;
  options.top_k = 2;
  const auto left = sampler.filter(logits, {}, options);
  REQUIRE(left.size == 2);
  CHECK(left[0].id == 0);
  CHECK(left[1].id == 2);
}
