// Tokenizers on English text, on one core: loading, encoding, and decoding token by token as answers are. The
// tokenizers are the small ones of the tests: their vocabularies fit into the processor's cache, large ones do not.
#include <cstddef>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "asterism/core/fwd.hpp"
#include "asterism/file/path.hpp"
#include "asterism/text/stream_decoder.hpp"
#include "asterism/text/tokenizer.hpp"

using namespace asterism;

namespace {

std::string golden(const std::string& path) { return std::string(ASTERISM_GOLDEN_DIR "/") + path; }

const std::string& english() {
  static const std::string text = [] {
    const std::string once = file::read_file(golden("demo_text.txt"), 1U << 20U);
    std::string all;
    for (int i = 0; i < 16; ++i) all += once;
    return all;
  }();
  return text;
}

void load(benchmark::State& state, const std::string& path) {
  const std::string json = file::read_file(path, 1U << 24U);
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(text::Tokenizer::from_json(json, path));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(json.size()));
}

void encode(benchmark::State& state, const std::string& path) {
  const text::Tokenizer tokenizer = text::Tokenizer::from_file(path);
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(tokenizer.encode(english()));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(english().size()));
}

void stream(benchmark::State& state, const std::string& path) {
  const text::Tokenizer tokenizer = text::Tokenizer::from_file(path);
  const std::vector<TokenId> ids = tokenizer.encode(english());
  for ([[maybe_unused]] auto _ : state) {
    text::StreamDecoder decoder(tokenizer);
    for (const TokenId id : ids) benchmark::DoNotOptimize(decoder.push(id));
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(ids.size()));
}

}  // namespace

int main(int argc, char** argv) {
  for (const char* name :
       {"models/demo/tokenizer.json", "text/mixtral.json", "text/llama3.json", "text/qwen.json"}) {
    const std::string path = golden(name);
    const auto add = [&](const char* what, auto* function) {
      benchmark::RegisterBenchmark((std::string(what) + " " + name).c_str(), function, path)
          ->Unit(benchmark::kMillisecond);
    };
    add("load", load);
    add("encode", encode);
    add("stream", stream);
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
}
