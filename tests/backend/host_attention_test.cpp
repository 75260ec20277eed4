// Attention of rows of queries against a naive softmax in double, in caches of all formats and shapes, on all levels.
// It stands alone: some formats of keys and values are none of weights, whose headers refuse them.
#include "asterism/backend/host_attention.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/backend/host_attention_templates.hpp"
#include "asterism/backend/kv_format_templates.hpp"
#include "asterism/quant/float16.hpp"
#include "asterism/quant/float32.hpp"
#include "asterism/simd/vector_templates.hpp"

#include "support/levels.hpp"
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
  KvView<Format> kv;

  Cache(std::size_t positions, const KvView<Format>& layout, float scale)
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
    KvFormat<Format>::store({key(head, p), kv.head_dim}, kv.keys + kv.offset(head, p));
    KvFormat<Format>::store({value(head, p), kv.head_dim}, kv.values + kv.offset(head, p));
  }
};

/// One head, all positions.
KvView<quant::Float32> plain(std::size_t slots, std::size_t head_dim) {
  return {.kv_heads = 1, .slots = slots, .head_dim = head_dim, .device = 0};
}

/// Rows of queries (rows, heads of the group * head_dim), one behind the other; the first is at position `first`.
template <class Format>
std::vector<float> attended_rows(const std::vector<float>& queries, std::size_t rows, const KvView<Format>& kv,
                                 std::size_t kv_head, std::size_t first, std::size_t window,
                                 simd::Level level = simd::level()) {
  const std::size_t width = queries.size() / rows;
  std::vector<float> out(queries.size(), std::numeric_limits<float>::quiet_NaN());
  attend_rows(MatrixView<const float>(queries.data(), rows, width), kv, kv_head, first, window,
              MatrixView<float>(out.data(), rows, width), level);
  return out;
}

template <class Format>
std::vector<float> attended(const std::vector<float>& queries, const KvView<Format>& kv, std::size_t kv_head,
                            std::size_t position, std::size_t window, simd::Level level = simd::level()) {
  return attended_rows(queries, 1, kv, kv_head, position, window, level);
}

/// How many values of attended() are not the naive ones.
template <class Format>
int wrong(const std::vector<float>& queries, const KvView<Format>& kv, std::size_t kv_head, std::size_t position,
          std::size_t window) {
  const std::vector<double> expected = naive::attend_group(queries, kv, kv_head, position, window);
  int count = 0;
  for (const simd::Level level : test::levels()) {
    const std::vector<float> found = attended(queries, kv, kv_head, position, window, level);
    for (std::size_t i = 0; i < found.size(); ++i) count += std::fabs(found[i] - expected[i]) <= 5e-6 ? 0 : 1;
  }
  return count;
}

/// How many rows have other bits alone than together with all the others, or with some of them.
template <class Format>
int changed_by_company(const std::vector<float>& queries, std::size_t rows, const KvView<Format>& kv,
                       std::size_t first, std::size_t window) {
  const std::size_t width = queries.size() / rows;
  int count = 0;
  for (const simd::Level level : test::levels()) {
    const std::vector<float> together = attended_rows(queries, rows, kv, 1, first, window, level);
    for (const std::size_t company : {1U, 2U, 7U}) {
      for (std::size_t i = 0; i + company <= rows; i += company) {
        const View<const float> some = View<const float>(queries).subview(i * width, company * width);
        const std::vector<float> found =
            attended_rows({some.begin(), some.end()}, company, kv, 1, first + i, window, level);
        count += test::same_bits(found, View<const float>(together).subview(i * width, company * width)) ? 0 : 1;
      }
    }
  }
  return count;
}

}  // namespace

TEST_CASE_TEMPLATE("attend_rows equals a naive softmax", Format, quant::Float32, quant::Float16, quant::Int8<32>,
                   quant::Int8<6>) {
  for (const std::size_t head_dim : {2U, 16U, 34U, 80U}) {
    for (const std::size_t heads : {1U, 3U, 6U}) {
      const Cache<Format> cache(200, {.kv_heads = 2, .slots = 200, .head_dim = head_dim, .device = 0}, 1.0F);
      const std::vector<float> queries = test::random_row(heads * head_dim, 3, 2.0F);
      for (const std::size_t position : {0U, 1U, 63U, 64U, 65U, 127U, 199U}) {
        for (const std::size_t window : {0U, 1U, 2U, 63U, 64U, 65U, 129U, 1000U}) {
          CAPTURE(head_dim);
          CAPTURE(position);
          CAPTURE(window);
          CHECK(wrong(queries, cache.kv, 1, position, window) == 0);
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

TEST_CASE_TEMPLATE("a row's bits are the same whatever rows stand beside it", Format, quant::Float32,
                   quant::Float16, quant::Int8<32>, quant::Int8<6>) {
  for (const std::size_t head_dim : {6U, 72U}) {
    for (const std::size_t heads : {1U, 2U, 4U, 7U, 70U}) {
      const std::size_t rows = heads == 70 ? 3 : 90;
      const Cache<Format> cache(230, {.kv_heads = 2, .slots = 230, .head_dim = head_dim, .device = 0}, 1.0F);
      const std::vector<float> queries = test::random_row(rows * heads * head_dim, 3, 2.0F);
      for (const std::size_t first : {std::size_t{0}, std::size_t{57}, 230 - rows}) {
        for (const std::size_t window : {0U, 3U, 80U}) {
          CAPTURE(heads);
          CAPTURE(first);
          CAPTURE(window);
          CHECK(changed_by_company(queries, rows, cache.kv, first, window) == 0);
        }
      }
    }
  }
}

TEST_CASE("in a ring with sinks too, from before it wraps around") {
  constexpr std::size_t rows = 20;
  for (const std::size_t sinks : {0U, 3U, 70U}) {
    for (const std::size_t cache_window : {1U, 8U, 100U}) {
      for (const std::size_t positions : {20U, 24U, 75U, 99U, 300U}) {
        const Cache<quant::Float16> cache(positions,
                                          {.kv_heads = 2,
                                           .slots = sinks + cache_window + rows - 1,
                                           .head_dim = 8,
                                           .sinks = sinks,
                                           .window = cache_window,
                                           .device = 0},
                                          1.0F);
        for (const std::size_t heads : {1U, 4U}) {
          const std::vector<float> queries = test::random_row(rows * heads * 8, 3, 2.0F);
          for (const std::size_t window : {0U, 5U, 64U}) {
            CAPTURE(sinks);
            CAPTURE(cache_window);
            CAPTURE(positions);
            CAPTURE(window);
            CHECK(changed_by_company(queries, rows, cache.kv, positions - rows, window) == 0);
          }
        }
      }
    }
  }
}

TEST_CASE("what a row doesn't see does not touch it, though rows beside it see it") {
  constexpr std::size_t rows = 12;
  constexpr std::size_t first = 60;
  for (const std::size_t heads : {1U, 4U}) {
    const std::vector<float> queries = test::random_row(rows * heads * 8, 3);
    const Cache<quant::Float32> clean(first + rows, {.kv_heads = 2, .slots = 100, .head_dim = 8, .device = 0},
                                      1.0F);
    for (std::size_t bad = first - 9; bad < first + rows; ++bad) {
      Cache<quant::Float32> dirty(first + rows, {.kv_heads = 2, .slots = 100, .head_dim = 8, .device = 0}, 1.0F);
      for (std::size_t i = 0; i < 8; ++i) {
        dirty.key(1, bad)[i] = dirty.value(1, bad)[i] = std::numeric_limits<float>::quiet_NaN();
      }
      dirty.store(1, bad);
      const std::vector<float> expected = attended_rows(queries, rows, clean.kv, 1, first, 5);
      const std::vector<float> found = attended_rows(queries, rows, dirty.kv, 1, first, 5);
      for (std::size_t i = 0; i < rows; ++i) {
        const View<const float> row = View<const float>(found).subview(i * heads * 8, heads * 8);
        if (naive::sees(first + i, std::min(bad, first + i), 5) && bad <= first + i) {
          CHECK(std::isnan(row[0]));
        } else {
          CHECK(test::same_bits(row, View<const float>(expected).subview(i * heads * 8, heads * 8)));
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
