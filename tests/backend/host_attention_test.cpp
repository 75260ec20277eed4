// Attention of one group of heads against a naive softmax in double, in caches of all formats and shapes.
#include "asterism/backend/host_attention.hpp"

#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/quant/float16.hpp"
#include "asterism/quant/float32.hpp"

#include "support/naive.hpp"
#include "support/rows.hpp"

using namespace asterism;
using namespace asterism::backend;
namespace naive = test::naive;

namespace {

/// A cache on positions 0 to `positions` - 1, the last of which are there; all else is NaN.
template <class Format>
struct Cache {
  std::vector<std::byte> bytes;
  std::vector<float> key_rows;
  std::vector<float> value_rows;
  DeviceKv<Format> kv;

  Cache(std::size_t positions, const DeviceKv<Format>& layout, float scale)
      : bytes(2 * layout.kv_heads * layout.slots * layout.row_bytes(layout.head_dim), std::byte{0xFF}),
        key_rows(test::random_row(positions * layout.kv_heads * layout.head_dim, 1, scale)),
        value_rows(test::random_row(key_rows.size(), 2)),
        kv(layout) {
    kv.keys = bytes.data();
    kv.values = bytes.data() + bytes.size() / 2;
    for (std::size_t p = 0; p < positions; ++p) {
      for (std::size_t head = 0; head < kv.kv_heads; ++head) store(head, p);
    }
  }

  float* key(std::size_t head, std::size_t p) { return key_rows.data() + (p * kv.kv_heads + head) * kv.head_dim; }
  float* value(std::size_t head, std::size_t p) {
    return value_rows.data() + (p * kv.kv_heads + head) * kv.head_dim;
  }
  void store(std::size_t head, std::size_t p) {
    KvRow<Format>::store({key(head, p), kv.head_dim}, kv.keys + kv.offset(head, p));
    KvRow<Format>::store({value(head, p), kv.head_dim}, kv.values + kv.offset(head, p));
  }
};

/// One head, all positions.
DeviceKv<quant::Float32> plain(std::size_t slots, std::size_t head_dim) {
  return {.kv_heads = 1, .slots = slots, .head_dim = head_dim, .device = 0};
}

template <class Format>
std::vector<float> attended(const std::vector<float>& queries, const DeviceKv<Format>& kv, std::size_t kv_head,
                            std::size_t position, std::size_t window) {
  std::vector<float> out(queries.size(), std::numeric_limits<float>::quiet_NaN());
  attend_group(View<const float>(queries), kv, kv_head, visible(kv, position, window), View<float>(out));
  return out;
}

/// How many values of attended() are not the naive ones.
template <class Format>
int wrong(const std::vector<float>& queries, const DeviceKv<Format>& kv, std::size_t kv_head, std::size_t position,
          std::size_t window) {
  const std::vector<float> found = attended(queries, kv, kv_head, position, window);
  const std::vector<double> expected = naive::attend_group(queries, kv, kv_head, position, window);
  int count = 0;
  for (std::size_t i = 0; i < found.size(); ++i) count += std::fabs(found[i] - expected[i]) <= 5e-6 ? 0 : 1;
  return count;
}

}  // namespace

TEST_CASE_TEMPLATE("attend_group equals a naive softmax", Format, quant::Float32, quant::Float16,
                   quant::Int8<16>) {
  for (const std::size_t head_dim : {2U, 16U, 34U}) {
    for (const std::size_t heads : {1U, 3U}) {
      const Cache<Format> cache(300, {.kv_heads = 2, .slots = 300, .head_dim = head_dim, .device = 0}, 1.0F);
      const std::vector<float> queries = test::random_row(heads * head_dim, 3, 2.0F);
      for (const std::size_t position : {0U, 1U, 63U, 64U, 65U, 127U, 128U, 299U}) {
        for (const std::size_t window : {0U, 1U, 2U, 63U, 64U, 65U, 128U, 129U, 300U, 1000U}) {
          for (const std::size_t kv_head : {0U, 1U}) {
            CAPTURE(position);
            CAPTURE(window);
            CHECK(wrong(queries, cache.kv, kv_head, position, window) == 0);
          }
        }
      }
    }
  }
}

TEST_CASE_TEMPLATE("in a ring with sinks too, and what was replaced is not missed", Format, quant::Float32,
                   quant::Float16, quant::Int8<16>) {
  const std::vector<float> queries = test::random_row(std::size_t{3} * 6, 3, 2.0F);
  for (const std::size_t sinks : {0U, 1U, 4U}) {
    for (const std::size_t cache_window : {1U, 7U, 64U, 70U, 130U}) {
      for (const std::size_t positions : {1U, 5U, 69U, 150U, 400U}) {
        const Cache<Format> cache(positions,
                                  {.kv_heads = 2,
                                   .slots = sinks + cache_window,
                                   .head_dim = 6,
                                   .sinks = sinks,
                                   .window = cache_window,
                                   .device = 0},
                                  1.0F);
        for (const std::size_t window : {0U, 1U, 5U, 64U, 100U, 399U}) {
          CAPTURE(sinks);
          CAPTURE(cache_window);
          CAPTURE(positions);
          CAPTURE(window);
          CHECK(wrong(queries, cache.kv, 1, positions - 1, window) == 0);
        }
      }
    }
  }
}

TEST_CASE("large scores neither overflow nor vanish, wherever the largest lies") {
  constexpr std::size_t head_dim = 4;
  for (const std::size_t best : {0U, 63U, 64U, 100U, 199U}) {
    Cache<quant::Float32> cache(200, plain(200, head_dim), 30.0F);
    for (std::size_t i = 0; i < head_dim; ++i) cache.key(0, best)[i] = 1e4F;
    cache.store(0, best);
    const std::vector<float> out = attended(std::vector<float>(head_dim, 100.0F), cache.kv, 0, 199, 0);
    for (std::size_t i = 0; i < head_dim; ++i) CHECK(out[i] == cache.value(0, best)[i]);
  }
}

TEST_CASE("what lies behind the position or before the window is never read") {
  constexpr std::size_t head_dim = 8;
  const std::vector<float> queries = test::random_row(head_dim, 3);
  const Cache<quant::Float32> clean(200, plain(200, head_dim), 1.0F);
  Cache<quant::Float32> dirty(200, plain(200, head_dim), 1.0F);
  for (std::size_t p = 0; p < 200; ++p) {
    if (p >= 81 && p <= 150) continue;
    for (std::size_t i = 0; i < head_dim; ++i) {
      dirty.key(0, p)[i] = dirty.value(0, p)[i] = std::numeric_limits<float>::quiet_NaN();
    }
    dirty.store(0, p);
  }
  CHECK(test::same_bits(attended(queries, dirty.kv, 0, 150, 70), attended(queries, clean.kv, 0, 150, 70)));
}
