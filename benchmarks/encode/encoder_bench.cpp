// Text encoders: sentences a second, of the facts about Saltlantern's cards.
//
// Arguments: threads (HashedNgrams: 1 with a frequency table, else 0). `Bert` reads the folder that ASTERISM_MINILM
// names, such as all-MiniLM-L6-v2, else the small random one of the tests, which says little. `others` is how many
// cores other programs used meanwhile: a figure beside a compiler is none. ASTERISM_SIMD chooses the instruction set.
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include <benchmark/benchmark.h>

#include "asterism/encode/bert_encoder.hpp"
#include "asterism/encode/hashed_ngrams.hpp"
#include "asterism/file/path.hpp"
#include "asterism/json/json.hpp"
#include "asterism/parallel/threads.hpp"

#include "support/other_load.hpp"

using namespace asterism;

namespace {

const std::vector<std::string>& sentences() {
  static const std::vector<std::string> all = [] {
    const std::string path = "examples/data/cards.json";
    const json::Value file = json::parse(file::read_file(path, 16U << 20U), path);
    std::vector<std::string> out;
    for (const json::Value& card : file["data"]["SLT"]["cards"]) {
      const std::string name = card["name"].get<std::string>();
      out.push_back(name + " strength " + card["power"].get<std::string>());
      out.push_back(name + " guard " + card["toughness"].get<std::string>());
      out.push_back(card["text"].get<std::string>());
    }
    return out;
  }();
  return all;
}

template <class E>
void encode_all(benchmark::State& state, const E& encoder) {
  const std::vector<std::string_view> texts(sentences().begin(), sentences().end());
  std::vector<float> out(texts.size() * encoder.dim());
  benchmarks::OtherLoad others;
  for (auto _ : state) {
    encoder.encode(View<const std::string_view>(texts),
                   MatrixView<float>(out.data(), texts.size(), encoder.dim()));
    benchmark::DoNotOptimize(out.data());
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(texts.size()) * state.iterations());
  state.counters["others"] = others.cores();
}

void hashed_ngrams(benchmark::State& state) {
  const std::vector<std::string_view> texts(sentences().begin(), sentences().end());
  const bool fitted = state.range(0) != 0;
  encode_all(state,
             encode::HashedNgrams({}, fitted ? encode::FrequencyTable::fitted(View<const std::string_view>(texts))
                                             : encode::FrequencyTable()));
}
BENCHMARK(hashed_ngrams)->Name("HashedNgrams")->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

void bert(benchmark::State& state) {
  const char* named = std::getenv("ASTERISM_MINILM");
  backend::Arena arena(0, 1_GiB);
  parallel::Threads threads(static_cast<std::size_t>(state.range(0)));
  const encode::BertEncoder encoder(named != nullptr ? named : ASTERISM_GOLDEN_DIR "/models/bert", arena,
                                    parallel::ExecutionRef(threads));
  encode_all(state, encoder);
}
BENCHMARK(bert)->Name("Bert")->Arg(1)->Arg(2)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace

BENCHMARK_MAIN();
