// Routing traces in memory, their bytes, and a whole recording of a model.
#include "asterism/lab/routing_trace.hpp"

#include <cmath>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/file/new_folder.hpp"
#include "asterism/file/path.hpp"
#include "asterism/generate/load.hpp"
#include "asterism/lab/read_routing_trace.hpp"
#include "asterism/quant/float32.hpp"

#include "lab/routing_traces.hpp"
#include "support/golden.hpp"

using namespace asterism;
using namespace asterism::lab;
using test::check_error;
using test::file_of;
using test::TemporaryFolder;

namespace {

struct Traced : Blueprint {
  static constexpr Limits limits{.context = 256, .batch = 1, .prefill_chunk = 16, .threads = 2};
  using Quantization = quant::Float32;
  using Embedding = quant::Float32;
  using Head = quant::Float32;
  using KvCache = attention::StaticKvCache<quant::Float32>;
  using Observer = observe::FullTrace;
};

/// One layer, two experts: position p goes to expert p % 2 with probability 0.75.
observe::Trace told(std::int32_t positions) {
  observe::Trace trace;
  trace.begin(1, 2, 1);
  for (std::int32_t p = 0; p < positions; ++p) {
    const std::vector<float> probabilities = p % 2 == 0 ? std::vector{0.75F, 0.25F} : std::vector{0.25F, 0.75F};
    trace.scored(0, p, probabilities);
    trace.routed(0, p, p % 2, 1);
  }
  return trace;
}

std::string bytes_of(std::initializer_list<unsigned> values) {
  std::string out;
  for (const unsigned value : values) out += static_cast<char>(static_cast<unsigned char>(value));
  return out;
}

}  // namespace

TEST_CASE("impossible sizes are refused") {
  check_error<InvalidArgument>([] { RoutingTrace(0, 8, 2); },
                               {"0 layers, 8 experts, top 2", "1 <= top_k <= experts <= 65536"});
  check_error<InvalidArgument>([] { RoutingTrace(1, 2, 3); }, {"top 3"});
  check_error<InvalidArgument>([] { RoutingTrace(1, 65537, 1); }, {"65537 experts"});
}

TEST_CASE("sequences that break a rule are refused, and leave the trace as it was") {
  RoutingTrace trace(1, 2, 1);
  check_error<InvalidArgument>(
      [&] {
        trace.append({"a\nb", 0, {5}, {{2, 0.5F}}});
      },
      {"the sequence 'a\\x0ab': ", "expert 2, expected 0 to 1"});
  check_error<InvalidArgument>([&] { trace.append({"a", 2, {5}, {{1, 0.5F}}}); }, {"2 prompt tokens"});
  CHECK(trace.sequences().empty());
}

TEST_CASE("probabilities are rounded to the nearest of 65536 steps, and no further by a second rounding") {
  RoutingTrace trace(1, 1, 1);
  for (int i = 0; i <= 1000; ++i) {
    const float probability = static_cast<float>(i) / 1000;
    trace.append({"", 0, {0}, {{0, probability}}});
    const float kept = trace.sequences().back().choices[0].probability;
    CHECK(std::fabs(double{kept} - probability) <= 0.5 / 65535 + 1e-7);
    trace.append(RoutedSequence(trace.sequences().back()));
    CHECK(trace.sequences().back().choices[0].probability == kept);
  }
  CHECK(trace.sequences().front().choices[0].probability == 0);
  CHECK(trace.sequences().back().choices[0].probability == 1);
}

TEST_CASE("an observer's choices are appended; the last token may lack them") {
  RoutingTrace trace(1, 2, 1);
  const std::vector<TokenId> tokens = {10, 11, 12, 13};
  trace.append("all", 2, tokens, told(4));
  trace.append("all but the last", 2, tokens, told(3));
  trace.append("fewer than known", 1, View<const TokenId>(tokens).subview(0, 2), told(4));
  trace.append("nothing", 0, {}, told(0));
  REQUIRE(trace.sequences().size() == 4);
  CHECK(trace.sequences()[0].label == "all");
  CHECK(trace.sequences()[0].prompt_tokens == 2);
  CHECK(trace.sequences()[0].tokens == tokens);
  CHECK(trace.sequences()[1].tokens == std::vector<TokenId>{10, 11, 12});
  CHECK(trace.sequences()[2].tokens == std::vector<TokenId>{10, 11});
  CHECK(trace.sequences()[3].tokens.empty());
  for (std::size_t token = 0; token < 4; ++token) {
    const auto choices = trace.at(0, token, 0);
    REQUIRE(choices.size == 1);
    CHECK(choices[0].expert == static_cast<std::int32_t>(token % 2));
    CHECK(choices[0].probability == doctest::Approx(0.75).epsilon(1e-5));
  }
}

TEST_CASE("an observer's passes and probabilities are appended, up to the last token that is known") {
  observe::FullTrace observer;
  observer.begin(2, 2, 1);
  const std::vector<float> probabilities = {0.75F, 0.25F};
  const auto pass = [&](std::int32_t first, std::int32_t end) {
    for (const std::int32_t layer : {0, 1}) {
      for (std::int32_t position = first; position < end; ++position) {
        observer.scored(layer, position, probabilities);
        observer.routed(layer, position, 0, 1);
      }
    }
  };
  pass(0, 3);
  pass(3, 4);
  RoutingTrace trace(2, 2, 1);
  const std::vector<TokenId> tokens = {10, 11, 12, 13};
  trace.append("all", 3, tokens, observer);
  trace.append("two", 2, View<const TokenId>(tokens).subview(0, 2), observer);
  trace.append("choices", 3, tokens, static_cast<const observe::Trace&>(observer));
  CHECK(trace.sequences()[0].passes == std::vector<std::uint32_t>{3, 1});
  CHECK(trace.sequences()[1].passes == std::vector<std::uint32_t>{2});
  CHECK(trace.sequences()[2].passes == std::vector<std::uint32_t>{3, 1});
  CHECK(trace.sequences()[2].probabilities.empty());
  CHECK(trace.sequences()[1].probabilities.size() == 2 * 2 * 2);
  CHECK(trace.probabilities(0, 3, 1)[1] == doctest::Approx(0.25).epsilon(1e-4));
  CHECK(trace.sequences()[0].guesses.empty());

  // Guesses are appended where there is one of each layer but the last.
  CHECK(observer.guess(0, 0).empty());
  for (const std::int32_t position : {0, 1, 3}) {
    const std::vector<float> guess = {0.125F * static_cast<float>(position), 0.5F};
    observer.guessed(0, position, guess);
  }
  CHECK(observer.guess(1, 0)[0] == 0.125F);
  CHECK(observer.guess(1, 1).empty());
  trace.append("first two", 2, View<const TokenId>(tokens).subview(0, 2), observer);
  trace.append("one missing", 3, tokens, observer);
  CHECK(trace.guess(3, 0, 0)[1] == doctest::Approx(0.5).epsilon(1e-4));
  CHECK(trace.guess(3, 1, 0)[0] == doctest::Approx(0.125).epsilon(1e-4));
  CHECK(trace.sequences()[3].guesses.size() == 2 * 2);
  CHECK(trace.sequences()[4].guesses.empty());
  observer.begin(2, 2, 1);
  CHECK(observer.guess(0, 0).empty());
  CHECK(trace.version() == 2);
}

TEST_CASE("an observer that does not fit is refused") {
  RoutingTrace trace(1, 2, 1);
  const std::vector<TokenId> tokens = {10, 11, 12, 13};
  check_error<InvalidArgument>([&] { trace.append("short", 2, tokens, told(2)); },
                               {"'short'", "of 2 tokens", "expected 4 or one less"});
  check_error<InvalidArgument>([&] { trace.append("prompt", 4, tokens, told(3)); },
                               {"'prompt'", "4 prompt tokens", "at most 3"});
  for (const RoutingSizes other : {RoutingSizes{2, 2, 1}, RoutingSizes{1, 3, 1}, RoutingSizes{1, 2, 2}}) {
    observe::Trace observer;
    observer.begin(other.layers, other.experts, other.top_k);
    check_error<InvalidArgument>([&] { trace.append("", 0, {}, observer); },
                                 {to_string(other), "1 layers, 2 experts, top 1"});
  }
  CHECK(trace.sequences().empty());
}

TEST_CASE("the bytes are those of the documented format") {
  RoutingTrace trace(2, 3, 2);
  trace.append({"ab",
                1,
                {258, 7},
                {{2, 1.0F}, {0, 0.0F}, {1, 0.5F}, {2, 0.25F}, {0, 0.5F}, {1, 0.5F}, {2, 1.0F}, {1, 0.0F}}});
  const std::string expected =
      "ASTROUTE" + bytes_of({1, 0, 0, 0,              // version
                             2, 0, 0, 0,              // layers
                             3, 0, 0, 0,              // experts
                             2, 0, 0, 0,              // top_k
                             1, 0, 0, 0, 0, 0, 0, 0,  // sequences
                             2, 0, 0, 0, 0, 0, 0, 0,  // tokens
                             2, 0, 0, 0, 0, 0, 0, 0,  // bytes of the label
                             1, 0, 0, 0, 0, 0, 0, 0,  // prompt tokens
                             2, 0, 0, 0, 0, 0, 0, 0}) +
      "ab" + bytes_of({2,   1,   0, 0, 7, 0,   0, 0,                                     // token ids
                       2,   0,   1, 2, 0, 1,   2, 1,                                     // experts
                       255, 255, 0, 0, 0, 128, 0, 64, 0, 128, 0, 128, 255, 255, 0, 0});  // probabilities
  const std::string found = file_of(trace);
  CHECK(found == expected + test::raw<std::uint32_t>({0x6BF16E06U}));  // zlib.crc32

  RoutingTrace wide(1, 257, 1);
  wide.append({"", 0, {1}, {{256, 1.0F}}});
  const std::string bytes = file_of(wide);
  REQUIRE(bytes.size() == 40 + 24 + 4 + 2 + 2 + 4);
  CHECK(bytes.substr(64, 8) == bytes_of({1, 0, 0, 0, 0, 1, 255, 255}));
  RoutingTrace narrow(1, 256, 1);
  narrow.append({"", 0, {1}, {{255, 1.0F}}});
  CHECK(file_of(narrow).substr(64, 7) == bytes_of({1, 0, 0, 0, 255, 255, 255}));
}

TEST_CASE("the bytes of version 2 are those of the documented format") {
  RoutingTrace trace(2, 3, 1);
  RoutedSequence sequence{.label = "a",
                          .prompt_tokens = 1,
                          .tokens = {7, 8},
                          .choices = {{0, 1}, {1, 1}, {2, 1}, {0, 1}},
                          .passes = {2},
                          .probabilities = {1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0},
                          .guesses = {0, 1, 0, 0, 0, 1}};
  trace.append(sequence);
  const std::string one = bytes_of({255, 255});
  const std::string nil = bytes_of({0, 0});
  const std::string expected =
      "ASTROUTE" +
      bytes_of({2, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0}) +
      bytes_of({1, 0, 0, 0, 0, 0, 0, 0,  // bytes of the label
                1, 0, 0, 0, 0, 0, 0, 0,  // prompt tokens
                2, 0, 0, 0, 0, 0, 0, 0,  // tokens
                1, 0, 0, 0,              // passes
                3, 0, 0, 0}) +           // flags: probabilities and guesses
      "a" +
      bytes_of({7, 0, 0, 0, 8, 0, 0, 0, 0, 1, 2, 0}) + one + one + one + one + bytes_of({2, 0, 0, 0}) + one + nil +
      nil + nil + one + nil + nil + nil + one + one + nil + nil +  // all probabilities
      nil + one + nil + nil + nil + one;                           // guesses
  const std::string found = file_of(trace);
  CHECK(found.substr(0, found.size() - 4) == expected);
}

TEST_CASE("a file replaces an older one, whole or not at all") {
  const TemporaryFolder folder;
  test::write_file(folder / "trace", "old");
  RoutingTrace trace(1, 2, 1);
  trace.append("", 0, std::vector<TokenId>{1}, told(1));
  trace.write(folder / "trace");
  CHECK(file::read_file(folder / "trace", 1000) == file_of(trace));
  CHECK(file::folder_entries(folder.path()) == std::vector<std::string>{"trace"});
  check_error<FileError>([&] { trace.write(folder / "nowhere/trace"); }, {folder / "nowhere/trace"});
}

TEST_CASE("a model is recorded, written and read") {
  const test::Golden golden("expected/plain.safetensors");
  const auto routes = golden.values<std::int32_t>("routes_33");
  const auto prompt = golden.values<TokenId>("prompt_33");
  const auto model = load<Traced>(std::string(ASTERISM_GOLDEN_DIR) + "/models/plain");
  auto session = model.session();
  RoutingTrace trace(model.shape().layers, model.shape().experts, model.shape().top_k);
  GenerateOptions options;
  options.max_tokens = 6;
  options.stop_at_eos = false;
  session.generate_tokens(prompt, options);
  trace.append("answered", prompt.size(), session.tokens(), session.observer());
  session.visit_logits({prompt.data(), 7}, [](std::size_t, View<const float>) {});
  trace.append("read", 7, session.tokens(), session.observer());

  const TemporaryFolder folder;
  trace.write(folder / "trace");
  const RoutingTrace found = read_routing_trace(folder / "trace");
  CHECK(found == trace);
  REQUIRE(found.sequences().size() == 2);
  CHECK(found.sequences()[0].tokens.size() == 33 + 6 - 1);
  CHECK(found.sequences()[1].tokens == std::vector<TokenId>(prompt.begin(), prompt.begin() + 7));
  // Chunks of 16 tokens of the prompt, then a token a pass.
  CHECK(found.sequences()[0].passes == std::vector<std::uint32_t>{16, 16, 1, 1, 1, 1, 1, 1});
  CHECK(found.version() == 2);
  for (const std::int32_t layer : {0, 1}) {
    double sum = 0;
    for (const float one : found.probabilities(0, 35, layer)) sum += double{one};
    CHECK(sum == doctest::Approx(1).epsilon(1e-3));
    CHECK(found.guess(0, 35, layer).empty());
  }
  for (std::size_t token = 0; token < 33; ++token) {
    for (std::int32_t layer = 0; layer < 2; ++layer) {
      for (std::size_t k = 0; k < 2; ++k) {
        const std::int32_t expected = routes[(static_cast<std::size_t>(layer) * 33 + token) * 2 + k];
        CHECK(found.at(0, token, layer)[k].expert == expected);
        if (token < 7) CHECK(found.at(1, token, layer)[k] == found.at(0, token, layer)[k]);
      }
    }
  }
}
