// The sliding window: its bytes, when a prefix is still there, and what it refuses.
#include "asterism/attention/sliding_window_kv_cache.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/backend/host.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/random.hpp"
#include "asterism/parallel/serial.hpp"
#include "asterism/quant/float16.hpp"
#include "asterism/quant/float32.hpp"

#include "support/device_memory.hpp"
#include "support/naive.hpp"

using namespace asterism;
using attention::KvStorage;
using attention::SlidingWindowKvCache;

namespace {

constexpr Shape shape{.layers = 4, .heads = 4, .kv_heads = 2, .head_dim = 6};
constexpr Limits limits{.context = 50, .prefill_chunk = 3};

// Window + sinks + chunk - 1 slots, whatever the context, or the context where that is less.
template <int Window, int Sinks>
constexpr Bytes bytes(std::int32_t context) {
  return SlidingWindowKvCache<quant::Float16, Window, Sinks>::layer_bytes(
      shape, {.context = context, .prefill_chunk = 3});
}
static_assert(bytes<8, 4>(50) == KvStorage<quant::Float16>::layer_bytes(shape, 14));
static_assert(bytes<8, 4>(1'000'000) == bytes<8, 4>(50));
static_assert(bytes<8, 4>(14) == bytes<8, 4>(50));
static_assert(bytes<8, 4>(13) == KvStorage<quant::Float16>::layer_bytes(shape, 13));
static_assert(bytes<8, 4>(2) == KvStorage<quant::Float16>::layer_bytes(shape, 2));
static_assert(bytes<1, 0>(50) == KvStorage<quant::Float16>::layer_bytes(shape, 3));

template <class Call>
std::string refusal(const Call& call) {
  try {
    call();
  } catch (const InvalidArgument& error) {
    return error.what();
  }
  return "not refused";
}

template <int Window, int Sinks>
struct OnHost {
  backend::SerialHost host{2, 1_MiB, std::make_shared<parallel::Serial>()};
  test::DeviceMemory<backend::SerialHost> memory{host};
  SlidingWindowKvCache<quant::Float32, Window, Sinks> cache{host, shape, limits, 0, 1};
  backend::DeviceMatrix<float> rows = memory.normal(8, 12);

  void append(std::size_t first, std::size_t count) {
    cache.append(host, 0, first, rows.rows_at(0, count), rows.rows_at(0, count));
  }
};

/// Notes which position lies in which slot, and asks the definition whether the next one would find what it sees.
template <int Window, int Sinks>
void check_trim() {
  Random random(1);
  const auto up_to = [&](std::size_t most) { return static_cast<std::size_t>(random.below(most + 1)); };
  for (int walk = 0; walk < 200; ++walk) {
    OnHost<Window, Sinks> on;
    const auto view = on.cache.view(0);
    std::vector<std::size_t> content(view.slots, 999);
    std::size_t length = 0;
    for (int step = 0; step < 40; ++step) {
      const std::size_t count = std::min(up_to(3), on.cache.capacity() - length);
      on.append(length, count);
      for (std::size_t i = 0; i < count; ++i) content[view.slot(length + i)] = length + i;
      length += count;
      if (up_to(3) != 0) continue;
      const std::size_t to = up_to(length);
      bool there = true;
      for (std::size_t q = 0; q < to; ++q) {
        there = there && (!test::naive::sees(to, q, 0, Window, Sinks) || content[view.slot(q)] == q);
      }
      CAPTURE(length);
      CAPTURE(to);
      length = on.cache.trim(to);
      REQUIRE(length == (there ? to : 0));
    }
  }
}

}  // namespace

TEST_CASE("a prefix is kept exactly where the next position finds all that it sees") {
  check_trim<8, 4>();
  check_trim<8, 0>();
  check_trim<1, 0>();
  check_trim<1, 4>();
  check_trim<3, 7>();
  check_trim<40, 4>();
  check_trim<60, 4>();
}

TEST_CASE("the view tells window, sinks and device") {
  OnHost<8, 3> on;
  CHECK(on.cache.view(0).window == 8);
  CHECK(on.cache.view(0).sinks == 3);
  CHECK(on.cache.view(0).slots == 13);
  CHECK(on.cache.view(0).device == 2);
  CHECK(on.cache.capacity() == 50);
}

TEST_CASE("a full context and too large a piece say so, and what to raise") {
  OnHost<8, 4> on;
  for (std::size_t first = 0; first < 48; first += 3) on.append(first, 3);
  CHECK(refusal([&] { on.append(48, 3); }) ==
        "the key/value cache takes 50 positions; 3 from position 48 on were to be stored: raise Limits::context");
  CHECK(refusal([&] { on.append(44, 4); }) ==
        "the key/value cache takes 3 positions at once; 4 from position 44 on were to be stored: raise "
        "Limits::prefill_chunk");
  OnHost<60, 4> whole;  // the context has a slot for each position
  CHECK(refusal([&] { whole.append(44, 8); }) ==
        "the key/value cache takes 50 positions; 8 from position 44 on were to be stored: raise Limits::context");
}

TEST_CASE("what a value that does not fit has replaced is known to be gone") {
  backend::SerialHost host(0, 1_MiB, std::make_shared<parallel::Serial>());
  test::DeviceMemory<backend::SerialHost> memory(host);
  SlidingWindowKvCache<quant::Float16, 4, 0> cache(host, shape, limits, 0, 1);  // 6 slots
  const auto rows = memory.normal(3, 12);
  for (std::size_t first = 0; first < 9; first += 3) cache.append(host, 0, first, rows, rows);
  rows.view(2, 0) = 1e6F;
  CHECK_THROWS_AS(cache.append(host, 0, 9, rows, rows), NumericError);  // 9 and 10 lie where 3 and 4 were
  CHECK(cache.trim(9) == 9);
  CHECK(cache.trim(6) == 0);  // sees 3, 4 and 5
}
