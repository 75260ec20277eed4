// store::Sqlite: rows written in commits, and an opened store read with every check.
//
// Argument of commit: nodes in a commit, each with 40 characters and a vector of 384 numbers; of reopen: nodes in the
// store. `rows/s` counts nodes. ASTERISM_BENCH_FOLDER says on which disk; the system's folder for temporary files if
// it is not set.
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <unistd.h>
#include <vector>

#include <benchmark/benchmark.h>

#include "asterism/core/random.hpp"
#include "asterism/knowledge/store/sqlite.hpp"

using namespace asterism;

namespace {

/// A folder that goes with the program's part that made it.
class Folder {
 public:
  Folder() {
    const char* parent = std::getenv("ASTERISM_BENCH_FOLDER");
    path_ = parent != nullptr ? std::filesystem::path(parent) : std::filesystem::temp_directory_path();
    path_ /= "asterism-store-" + std::to_string(::getpid());
    std::filesystem::create_directories(path_);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string store() const { return (path_ / "store.db").string(); }

 private:
  std::filesystem::path path_;
};

void put(store::Sqlite& store, std::uint32_t first, std::int64_t count, Random& random) {
  for (std::uint32_t i = 0; i < count; ++i) {
    knowledge::Node node{.id = {first + i}, .name = "node " + std::to_string(first + i)};
    node.text.assign(40, 'x');
    node.vector.resize(384);
    for (float& value : node.vector) value = random.uniform();
    store.put(std::move(node));
  }
}

void commit(benchmark::State& state) {
  const Folder folder;
  store::Sqlite store(folder.store());
  Random random(1);
  std::uint32_t first = 0;
  for ([[maybe_unused]] auto _ : state) {
    state.PauseTiming();
    put(store, first, state.range(0), random);
    first += static_cast<std::uint32_t>(state.range(0));
    state.ResumeTiming();
    store.commit("benchmark", {0});
  }
  state.counters["rows/s"] = benchmark::Counter(first, benchmark::Counter::kIsRate);
}

struct Count {
  std::int64_t* nodes;
  void operator()(const knowledge::Node&, knowledge::Lifetime) const { ++*nodes; }
  void operator()(const knowledge::Edge&, knowledge::Lifetime) const {}
  void operator()(const knowledge::Use&) const {}
};

void reopen(benchmark::State& state) {
  const Folder folder;
  Random random(1);
  {
    store::Sqlite store(folder.store());
    for (std::int64_t first = 0; first < state.range(0); first += 10'000) {
      put(store, static_cast<std::uint32_t>(first), 10'000, random);
      store.commit("benchmark", {0});
    }
  }
  std::int64_t nodes = 0;
  for ([[maybe_unused]] auto _ : state) store::Sqlite(folder.store()).for_each(Count{&nodes});
  state.counters["rows/s"] = benchmark::Counter(static_cast<double>(nodes), benchmark::Counter::kIsRate);
}

BENCHMARK(commit)->Arg(100)->Arg(10'000)->UseRealTime()->Unit(benchmark::kMillisecond)->MinTime(1);
BENCHMARK(reopen)->Arg(100'000)->UseRealTime()->Unit(benchmark::kMillisecond)->Iterations(3);

}  // namespace

BENCHMARK_MAIN();
