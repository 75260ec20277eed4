// Attention cut into tasks: contexts of many blocks against a naive softmax, and the same bits for any cut and threads.
#include "asterism/backend/host_attention_tasks.hpp"

#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/backend/host_attention_templates.hpp"
#include "asterism/backend/kv_format_templates.hpp"
#include "asterism/parallel/execution_ref.hpp"
#include "asterism/parallel/threads.hpp"
#include "asterism/quant/float16.hpp"
#include "asterism/quant/float32.hpp"
#include "asterism/simd/vector_templates.hpp"

#include "support/naive.hpp"
#include "support/rows.hpp"

using namespace asterism;
using namespace asterism::backend;
namespace naive = test::naive;

namespace {

/// Positions 0 to `positions` - 1 of a cache as `layout` says, and NaN where a position is named.
template <class Format>
struct Cache {
  std::vector<std::byte> bytes;
  KvView<Format> kv;

  Cache(std::size_t positions, const KvView<Format>& layout)
      : bytes(2 * layout.kv_heads * layout.slots * layout.row_bytes(layout.head_dim), std::byte{0xFF}),
        kv(layout) {
    kv.keys = bytes.data();
    kv.values = bytes.data() + bytes.size() / 2;
    const std::vector<float> rows = test::random_row(2 * kv.kv_heads * positions * kv.head_dim, 1);
    const float* row = rows.data();
    for (std::size_t p = 0; p < positions; ++p) {
      for (std::size_t head = 0; head < kv.kv_heads; ++head, row += 2 * kv.head_dim) {
        KvFormat<Format>::store({row, kv.head_dim}, kv.keys + kv.offset(head, p));
        KvFormat<Format>::store({row + kv.head_dim, kv.head_dim}, kv.values + kv.offset(head, p));
      }
    }
  }
};

template <class Format>
std::vector<float> attended(const std::vector<float>& queries, std::size_t rows, const KvView<Format>& kv,
                            std::size_t first, std::size_t window, std::size_t threads) {
  const std::size_t width = queries.size() / rows;
  std::vector<float> out(queries.size(), std::numeric_limits<float>::quiet_NaN());
  parallel::Threads execution(threads);
  HostAttention attention{parallel::ExecutionRef(execution)};
  attention.attend(MatrixView<const float>(queries.data(), rows, width), kv, first, window,
                   MatrixView<float>(out.data(), rows, width));
  return out;
}

/// How many values of the last row are not the naive ones.
template <class Format>
int wrong(const std::vector<float>& queries, const KvView<Format>& kv, std::size_t position, std::size_t window) {
  const std::vector<float> found = attended(queries, 1, kv, position, window, 2);
  const std::size_t group = queries.size() / kv.kv_heads;
  int count = 0;
  for (std::size_t head = 0; head < kv.kv_heads; ++head) {
    const std::vector<float> of_head(queries.begin() + static_cast<std::ptrdiff_t>(head * group),
                                     queries.begin() + static_cast<std::ptrdiff_t>((head + 1) * group));
    const std::vector<double> expected = naive::attend_group(of_head, kv, head, position, window);
    for (std::size_t i = 0; i < group; ++i)
      count += std::fabs(found[head * group + i] - expected[i]) <= 5e-6 ? 0 : 1;
  }
  return count;
}

/// All rows head by head, without blocks that wait to be put together.
template <class Format>
std::vector<float> in_whole_tasks(const std::vector<float>& queries, std::size_t rows, const KvView<Format>& kv,
                                  std::size_t first, std::size_t window) {
  const std::size_t width = queries.size() / rows;
  const std::size_t group = width / kv.kv_heads;
  std::vector<float> out(queries.size());
  for (std::size_t head = 0; head < kv.kv_heads; ++head) {
    attend_rows(MatrixView<const float>(queries.data() + head * group, rows, group, width), kv, head, first,
                window, MatrixView<float>(out.data() + head * group, rows, group, width));
  }
  return out;
}

/// How many rows have other bits in calls of `company` rows, on so many threads, than in whole tasks.
template <class Format>
int changed(const std::vector<float>& queries, std::size_t rows, const KvView<Format>& kv, std::size_t first,
            std::size_t window) {
  const std::size_t width = queries.size() / rows;
  const std::vector<float> together = in_whole_tasks(queries, rows, kv, first, window);
  int count = 0;
  for (const std::size_t threads : {1U, 2U, 3U}) {
    for (const std::size_t company : {1U, 2U, 5U, 41U}) {
      for (std::size_t i = 0; i + company <= rows; i += company) {
        const View<const float> some = View<const float>(queries).subview(i * width, company * width);
        const std::vector<float> found =
            attended({some.begin(), some.end()}, company, kv, first + i, window, threads);
        count += test::same_bits(found, View<const float>(together).subview(i * width, company * width)) ? 0 : 1;
      }
    }
  }
  return count;
}

}  // namespace

TEST_CASE_TEMPLATE("long contexts equal a naive softmax", Format, quant::Float32, quant::Float16,
                   quant::Int8<32>) {
  constexpr std::size_t positions = 3 * block_positions + 70;
  for (const std::size_t kv_heads : {1U, 3U}) {
    const Cache<Format> cache(positions, {.kv_heads = kv_heads, .slots = positions, .head_dim = 32, .device = 0});
    const std::vector<float> queries = test::random_row(kv_heads * 4 * 32, 3, 2.0F);
    for (const std::size_t position :
         {block_positions - 1, block_positions, 2 * block_positions + 5, positions - 1}) {
      for (const std::size_t window : {std::size_t{0}, std::size_t{1}, block_positions, 2 * block_positions + 1}) {
        CAPTURE(kv_heads);
        CAPTURE(position);
        CAPTURE(window);
        CHECK(wrong(queries, cache.kv, position, window) == 0);
      }
    }
  }
}

TEST_CASE("more blocks than are kept at once take turns, also where a head ends between them") {
  constexpr std::size_t positions = 5 * block_positions + 1;
  const Cache<quant::Float16> cache(positions, {.kv_heads = 2, .slots = positions, .head_dim = 1024, .device = 0});
  for (const std::size_t heads : {8U, 12U, 20U}) {
    const std::vector<float> queries = test::random_row(2 * heads * 1024, 3, 2.0F);
    CHECK(wrong(queries, cache.kv, positions - 1, 0) == 0);
  }
}

TEST_CASE_TEMPLATE("rows have the same bits in any cut, on any number of threads", Format, quant::Float32,
                   quant::Float16, quant::Int8<32>) {
  constexpr std::size_t rows = 41;
  constexpr std::size_t positions = 2 * block_positions + 20;
  const Cache<Format> cache(positions, {.kv_heads = 2, .slots = positions, .head_dim = 32, .device = 0});
  for (const std::size_t heads : {1U, 3U}) {
    const std::vector<float> queries = test::random_row(rows * 2 * heads * 32, 3, 2.0F);
    for (const std::size_t first : {block_positions - 3, positions - rows}) {
      for (const std::size_t window : {std::size_t{0}, std::size_t{30}, block_positions + 40}) {
        CAPTURE(heads);
        CAPTURE(first);
        CAPTURE(window);
        CHECK(changed(queries, rows, cache.kv, first, window) == 0);
      }
    }
  }
}

TEST_CASE("in a ring with sinks too, of which some fill more than a block") {
  constexpr std::size_t rows = 41;
  for (const std::size_t sinks : {std::size_t{4}, block_positions + 9}) {
    for (const std::size_t ring : {std::size_t{100}, block_positions + 100}) {
      for (const std::size_t positions : {sinks + 90, sinks + 3 * block_positions}) {
        const Cache<quant::Float16> cache(positions, {.kv_heads = 2,
                                                      .slots = sinks + ring + rows - 1,
                                                      .head_dim = 16,
                                                      .sinks = sinks,
                                                      .window = ring,
                                                      .device = 0});
        const std::vector<float> queries = test::random_row(rows * 2 * 3 * 16, 3, 2.0F);
        const std::vector<float> last(queries.begin(), queries.begin() + 2 * 3 * 16);
        for (const std::size_t window : {std::size_t{0}, std::size_t{64}, 2 * block_positions}) {
          CAPTURE(sinks);
          CAPTURE(ring);
          CAPTURE(positions);
          CAPTURE(window);
          CHECK(wrong(last, cache.kv, positions - 1, window) == 0);
          CHECK(changed(queries, rows, cache.kv, positions - rows, window) == 0);
        }
      }
    }
  }
}

TEST_CASE("what is not visible does not touch a block, though it is NaN, and what is visible does") {
  constexpr std::size_t positions = 2 * block_positions + 100;
  constexpr std::size_t window = block_positions + 50;
  const std::vector<float> queries = test::random_row(4 * 16, 3);
  const Cache<quant::Float32> clean(positions, {.kv_heads = 1, .slots = positions, .head_dim = 16, .device = 0});
  for (const std::size_t bad : {std::size_t{0}, positions - 11 - window, positions - 10 - window,
                                block_positions + 60, positions - 11, positions - 10, positions - 1}) {
    Cache<quant::Float32> dirty = clean;
    dirty.kv.keys = dirty.bytes.data();
    dirty.kv.values = dirty.bytes.data() + dirty.bytes.size() / 2;
    const std::vector<float> nan(16, std::numeric_limits<float>::quiet_NaN());
    KvFormat<quant::Float32>::store(nan, dirty.kv.keys + dirty.kv.offset(0, bad));
    KvFormat<quant::Float32>::store(nan, dirty.kv.values + dirty.kv.offset(0, bad));
    const std::vector<float> found = attended(queries, 1, dirty.kv, positions - 11, window, 2);
    CAPTURE(bad);
    if (naive::sees(positions - 11, bad, window) && bad <= positions - 11) {
      CHECK(std::isnan(found[0]));
    } else {
      CHECK(test::same_bits(found, attended(queries, 1, clean.kv, positions - 11, window, 1)));
    }
  }
}
