// Options and outcomes, as values and as words.
#include "asterism/generate/options.hpp"

#include <set>
#include <sstream>
#include <string>

#include <doctest/doctest.h>

#include "asterism/generate/decoding/sampler.hpp"

using namespace asterism;

TEST_CASE("the defaults are valid, greedy and filter nothing") {
  const GenerateOptions options;
  CHECK_NOTHROW(generate::Sampler::check(options));
  CHECK(options.temperature == 0);
  CHECK(options.top_k == 0);
  CHECK(options.top_p == 1);
  CHECK(options.min_p == 0);
  CHECK(options.repetition_penalty == 1);
  CHECK(options.stop.empty());
  CHECK(options.stop_at_eos);
  CHECK(!options.cancel.stop_possible());
  CHECK(options.truncation == Truncation::refuse);
  CHECK(!options.near_limit);
}

TEST_CASE("every reason has a name of its own") {
  std::set<std::string> names;
  for (const FinishReason reason :
       {FinishReason::none, FinishReason::eos, FinishReason::stop_string, FinishReason::max_tokens,
        FinishReason::context_full, FinishReason::cancelled}) {
    std::ostringstream out;
    out << reason;
    CHECK(out.str() == name_of(reason));
    CHECK(!out.str().empty());
    names.insert(out.str());
  }
  CHECK(names.size() == 6);
  std::ostringstream out;
  out << Usage{.prompt_tokens = 12, .cached_tokens = 5, .completion_tokens = 7};
  CHECK(out.str() == "12 prompt tokens (5 reused), 7 answer tokens");
  CHECK(to_string(Usage{.prompt_tokens = 1, .cached_tokens = 0, .completion_tokens = 1}) ==
        "1 prompt token (0 reused), 1 answer token");
  CHECK(to_string(Usage{.prompt_tokens = 12,
                        .cached_tokens = 5,
                        .recomputed_tokens = 3,
                        .dropped_tokens = 40,
                        .dropped_turns = 1,
                        .completion_tokens = 7}) ==
        "12 prompt tokens (5 reused, 3 computed again, 40 left out with 1 turn), 7 answer tokens");
}

TEST_CASE("speeds leave out what was not computed") {
  GenerationStats outcome;
  CHECK(outcome.prefill_speed() == 0);
  CHECK(outcome.decode_speed() == 0);
  outcome.usage = {.prompt_tokens = 100, .cached_tokens = 60, .completion_tokens = 11};
  outcome.prefill_seconds = 2;
  outcome.decode_seconds = 4;
  CHECK(outcome.prefill_speed() == 20);
  CHECK(outcome.decode_speed() == 2.5);
}
