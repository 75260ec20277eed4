// The bounded cache: its bytes, its slots, and what it refuses.
#include "asterism/attention/static_kv_cache.hpp"

#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/backend/host.hpp"
#include "asterism/core/error.hpp"
#include "asterism/parallel/serial.hpp"
#include "asterism/quant/float16.hpp"
#include "asterism/quant/float32.hpp"

#include "support/device_memory.hpp"
#include "support/naive.hpp"

using namespace asterism;
using attention::StaticKvCache;

namespace {

constexpr Shape shape{.layers = 4, .heads = 4, .kv_heads = 2, .head_dim = 6};
constexpr Limits limits{.context = 11};

static_assert(StaticKvCache<quant::Float32>::layer_bytes(shape, limits) == Bytes{2 * aligned(2 * 11 * 6 * 4)});
static_assert(StaticKvCache<quant::Float16>::layer_bytes(shape, limits) == Bytes{2 * aligned(2 * 11 * 6 * 2)});
static_assert(StaticKvCache<quant::Int8<32>>::layer_bytes(shape, limits) == Bytes{2 * aligned(2 * 11 * (6 + 2))});
// Mixtral in 4096 tokens: 2 * 8 * 128 * 4096 halves a layer.
static_assert(StaticKvCache<quant::Float16>::layer_bytes({.kv_heads = 8, .head_dim = 128}, {.context = 4096}) ==
              16_MiB);

}  // namespace

TEST_CASE("a slot for each position of the context, all visible") {
  backend::SerialHost host(3, 1_MiB, std::make_shared<parallel::Serial>());
  StaticKvCache<quant::Float16> cache(host, shape, limits, 1, 3);
  CHECK(cache.capacity() == 11);
  for (const std::int32_t layer : {1, 2, 3}) {
    const auto view = cache.view(layer);
    CHECK(view.slots == 11);
    CHECK(view.window == 0);
    CHECK(view.sinks == 0);
    CHECK(view.device == 3);
  }
  for (const std::size_t length : {0, 1, 7, 11}) CHECK(cache.trim(length) == length);
}

TEST_CASE("a full cache says so and says what to raise") {
  backend::SerialHost host(0, 1_MiB, std::make_shared<parallel::Serial>());
  test::DeviceMemory<backend::SerialHost> memory(host);
  StaticKvCache<quant::Float32> cache(host, shape, limits, 0, 1);
  const auto rows = memory.normal(4, 12);
  cache.append(host, 0, 7, rows, rows);
  std::string message;
  try {
    cache.append(host, 0, 8, rows, rows);
  } catch (const InvalidArgument& error) {
    message = error.what();
  }
  CHECK(message ==
        "the key/value cache holds 11 positions; 4 from position 8 on were to be stored: raise Limits::context");
}

TEST_CASE("Float16 refuses what it can't hold, Float32 takes it") {
  backend::SerialHost host(0, 1_MiB, std::make_shared<parallel::Serial>());
  test::DeviceMemory<backend::SerialHost> memory(host);
  const auto large = memory.matrix(1, 12, 7e4F);
  StaticKvCache<quant::Float16> half(host, shape, limits, 0, 1);
  CHECK_THROWS_AS(half.append(host, 0, 0, large, large), NumericError);
  StaticKvCache<quant::Float32> whole(host, shape, limits, 0, 1);
  whole.append(host, 0, 0, large, large);
  CHECK(test::naive::row_values<quant::Float32>(whole.view(0).keys, 6) == std::vector<float>(6, 7e4F));
}
