// Models from GGUF files have the bits of those from the folders that they were made of.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/cache/least_recent.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/core/progress.hpp"
#include "asterism/generate/load.hpp"
#include "asterism/generate/load_slotted.hpp"
#include "asterism/generate/write_experts.hpp"
#include "asterism/machine/machine.hpp"

#include "generate/variants.hpp"
#include "support/files.hpp"

using namespace asterism;
using test::Defaults;
using test::Exact;

namespace {

std::string golden(const std::string& name) { return std::string(ASTERISM_GOLDEN_DIR) + "/gguf/" + name; }

/// A folder of the golden files, and the GGUF file made of it.
struct Pair {
  std::string folder;
  std::string file;
};
const Pair pairs[] = {{"mixtral", "mixtral.gguf"},
                      {"llama", "llama.gguf"},
                      {"mistral_window", "mistral_window.gguf"},
                      {"qwen3_moe", "qwen3_moe.gguf"},
                      {"qwen3_next", "qwen3_next-00003-of-00004.gguf"},
                      {"qwen3_next_old", "qwen3_next_old.gguf"}};

/// Experts take turns in slots.
struct Turns : Exact {
  using Cache = cache::LeastRecent;
};

template <class B>
std::vector<float> logits_of(const std::string& path, const LoadOptions& options = {}) {
  const auto model = load<B>(path, options);
  auto session = model.session();
  std::vector<TokenId> tokens;
  for (TokenId i = 0; i < 40; ++i) tokens.push_back((7 * i + 3) % 48);
  return session.logits(tokens);
}

template <class B>
void check_same(const Pair& pair) {
  CAPTURE(pair.file);
  const std::vector<float> expected = logits_of<B>(golden(pair.folder));
  const std::vector<float> found = logits_of<B>(golden(pair.file));
  REQUIRE(found.size() == expected.size());
  REQUIRE(found.size() > 40 * 40);
  std::size_t differing = 0;
  float largest = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    differing += found[i] == expected[i] ? 0 : 1;
    largest = std::max(largest, std::abs(expected[i]));
  }
  CHECK(differing == 0);
  CHECK(largest > 1);
}

}  // namespace

TEST_CASE("logits of GGUF files are those of the folders, bit for bit") {
  for (const Pair& pair : pairs) check_same<Exact>(pair);
}

TEST_CASE("a Blueprint that quantizes loads GGUF files too") { check_same<Defaults>(pairs[0]); }

TEST_CASE("experts that take turns come from GGUF files too") {
  const test::TemporaryFolder folder;
  ProgressSink silence;
  for (const Pair& pair : {pairs[0], pairs[4]}) {
    const std::string experts = folder / pair.folder;
    write_experts<Turns>(golden(pair.file), experts, silence);
    CHECK(logits_of<Turns>(golden(pair.file), {.machine = equal_devices(1, 16_MiB), .experts = experts}) ==
          logits_of<Exact>(golden(pair.folder)));
  }
}

TEST_CASE("text goes in and out with the tokenizer of the file, and its special tokens end answers") {
  const auto model = load<Exact>(golden("mixtral.gguf"));
  CHECK(model.tokenizer().encode("a").front() == 1);
  CHECK(model.tokenizer().vocabulary_size() == 320);
  CHECK(model.end_tokens() == std::vector<TokenId>{2, 3});
  auto session = model.session();
  std::string answer;
  for (const std::string_view piece : session.generate("the dog", {.max_tokens = 5})) answer += piece;
  CHECK(session.last().usage.completion_tokens > 0);
}

TEST_CASE("the memory report counts a block that predicts a token more") {
  const auto model = load<Exact>(golden("qwen3_next-00001-of-00004.gguf"));
  CHECK(model.memory_report().find("2 tensors of blk.4.*") != std::string::npos);
  CHECK(model.fingerprint() != 0);
}
