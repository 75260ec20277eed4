// The memory of key/value caches: its bytes, and blocks that are aligned, disjoint and inside what was drawn.
#include "asterism/attention/kv_storage.hpp"

#include <cstdint>
#include <memory>

#include <doctest/doctest.h>

#include "asterism/backend/host.hpp"
#include "asterism/parallel/serial.hpp"
#include "asterism/quant/float16.hpp"
#include "asterism/quant/float32.hpp"

using namespace asterism;
using attention::KvStorage;

namespace {

constexpr Shape shape{.layers = 4, .heads = 4, .kv_heads = 2, .head_dim = 6};

static_assert(KvStorage<quant::Float32>::layer_bytes(shape, 11) == Bytes{2 * aligned(2 * 11 * 6 * 4)});
static_assert(KvStorage<quant::Float16>::layer_bytes(shape, 11) == Bytes{2 * aligned(2 * 11 * 6 * 2)});
static_assert(KvStorage<quant::Int8<4>>::layer_bytes(shape, 11) == Bytes{2 * aligned(2 * 11 * (6 + 2 * 2))});
// Mixtral in 4096 tokens: 2 * 8 * 128 * 4096 values a layer.
constexpr Shape mixtral{.kv_heads = 8, .head_dim = 128};
static_assert(KvStorage<quant::Float16>::layer_bytes(mixtral, 4096) == 16_MiB);
static_assert(KvStorage<quant::Int8<32>>::layer_bytes(mixtral, 4096) == 8_MiB + 512_KiB);  // 8.5 bits a value

}  // namespace

TEST_CASE_TEMPLATE("blocks are aligned, disjoint, and inside what was drawn", Format, quant::Float32,
                   quant::Float16, quant::Int8<4>) {
  backend::SerialHost host(3, 1_MiB, std::make_shared<parallel::Serial>());
  const KvStorage<Format> blocks(host, shape, 11, 1, 3);
  CHECK(blocks.slots() == 11);
  CHECK(blocks.bytes() == KvStorage<Format>::layer_bytes(shape, 11) * 3);
  CHECK(host.arena().used() == blocks.bytes());
  const std::byte* const begin = blocks.layer(1).keys;
  const std::byte* end = begin;
  for (const std::int32_t layer : {1, 2, 3}) {
    const backend::KvView<Format> kv = blocks.layer(layer);
    CHECK(kv.kv_heads == 2);
    CHECK(kv.slots == 11);
    CHECK(kv.head_dim == 6);
    CHECK(kv.sinks == 0);
    CHECK(kv.window == 0);
    CHECK(kv.device == 3);
    for (const std::byte* block : {kv.keys, kv.values}) {
      CHECK(reinterpret_cast<std::uintptr_t>(block) % alignment == 0);
      CHECK(block >= end);
      end = block + kv.offset(1, 10) + kv.row_bytes(6);
    }
  }
  CHECK(end <= begin + blocks.bytes().count);
}
