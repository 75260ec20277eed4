// Random aligned reads from a disk, as experts are fetched: one after another, or several ahead by two threads. The
// file lies in the folder where the benchmark runs; ASTERISM_BENCH_FILE_MIB says its size, 512 by default: take more
// than the memory of the machine has left, or more than a controller's cache.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <unistd.h>
#include <vector>

#include <benchmark/benchmark.h>

#include "asterism/core/random.hpp"
#include "asterism/file/direct_file.hpp"
#include "asterism/file/new_file.hpp"
#include "asterism/file/reader_threads.hpp"

using namespace asterism;

namespace {

constexpr std::size_t page = 4096;
constexpr std::size_t ahead = 4;

/// A file of random bytes that is removed at the end.
class RandomFile {
 public:
  RandomFile() {
    const char* const asked = std::getenv("ASTERISM_BENCH_FILE_MIB");
    bytes_ = (asked != nullptr ? std::strtoull(asked, nullptr, 10) : 512) << 20U;
    Random random(1);
    std::vector<std::byte> block(std::size_t{1} << 20U);
    for (std::byte& byte : block) byte = static_cast<std::byte>(random() & 0xFFU);
    file::NewFile file(path(), bytes_);
    for (std::uint64_t done = 0; done < bytes_; done += block.size()) file.write(block);
    file.finish();
  }
  ~RandomFile() { ::unlink(path().c_str()); }
  RandomFile(const RandomFile&) = delete;
  RandomFile& operator=(const RandomFile&) = delete;

  static std::string path() { return "direct_file_bench.data"; }
  /// A random aligned place for `count` bytes.
  std::uint64_t place(Random& random, std::size_t count) const { return random() % ((bytes_ - count) / page) * page; }

 private:
  std::uint64_t bytes_ = 0;
};

const RandomFile& data() {
  static const RandomFile file;
  return file;
}

using Memory = std::unique_ptr<std::byte, void (*)(void*)>;
Memory memory_of(std::size_t bytes) {
  return {static_cast<std::byte*>(std::aligned_alloc(page, bytes)), std::free};
}

void finish(benchmark::State& state, const file::DirectFile& file, std::size_t count) {
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(count));
  state.SetLabel(std::string(name_of(file.mode())));
}

/// Arguments: bytes of a read, and whether directly.
void one_after_another(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(0));
  const RandomFile& random_file = data();
  const file::DirectFile file(RandomFile::path(),
                              state.range(1) != 0 ? file::ReadMode::direct : file::ReadMode::buffered);
  const Memory memory = memory_of(count);
  Random random(2);
  for ([[maybe_unused]] auto _ : state) file.read(random_file.place(random, count), {memory.get(), count});
  finish(state, file, count);
}

void four_ahead(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(0));
  const RandomFile& random_file = data();
  const file::DirectFile file(RandomFile::path(),
                              state.range(1) != 0 ? file::ReadMode::direct : file::ReadMode::buffered);
  const Memory memory = memory_of(count * ahead);
  file::ReaderThreads readers(file);
  Random random(2);
  std::vector<file::ReaderThreads::Ticket> tickets(ahead);
  const auto ask = [&](std::size_t slot) {
    tickets[slot] = readers.submit(random_file.place(random, count), {memory.get() + slot * count, count});
  };
  for (std::size_t slot = 0; slot < ahead; ++slot) ask(slot);
  std::size_t slot = 0;
  for ([[maybe_unused]] auto _ : state) {
    readers.wait(tickets[slot]);
    ask(slot);
    slot = (slot + 1) % ahead;
  }
  for (const auto ticket : tickets) readers.wait(ticket);
  finish(state, file, count);
}

// An expert of Qwen3-Next-80B in NF4, and a quarter of one of Mixtral 8x7B.
constexpr std::int64_t small = 397 * page;
constexpr std::int64_t large = 5548 * page;
BENCHMARK(one_after_another)->Args({small, 1})->Args({large, 1})->Args({small, 0})->Args({large, 0})->UseRealTime();
BENCHMARK(four_ahead)->Args({small, 1})->Args({large, 1})->Args({small, 0})->Args({large, 0})->UseRealTime();

}  // namespace

BENCHMARK_MAIN();
