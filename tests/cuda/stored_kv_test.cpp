// What kernels do with keys and values, on the CPU: the bits of KvFormat, and where positions lie.
#include "asterism/cuda/attention/stored_kv.hpp"

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/backend/kv_view.hpp"
#include "asterism/kernels.hpp"
#include "asterism/quant/abs_max.hpp"

#include "support/rows.hpp"

using namespace asterism;

namespace {

template <class Format>
cuda::StoredKv stored_with(std::size_t head_dim) {
  return cuda::stored(
      backend::KvView<Format>{.kv_heads = 3, .slots = 20, .head_dim = head_dim, .sinks = 4, .window = 9});
}

template <class Format>
std::size_t groups(const cuda::StoredKv& kv) {
  return (kv.head_dim + static_cast<std::size_t>(kv.group) - 1) / static_cast<std::size_t>(kv.group);
}

}  // namespace

TEST_CASE_TEMPLATE("rows have the bits of KvFormat", Format, quant::Float32, quant::Float16, quant::Int8<32>,
                   quant::Int8<16>) {
  constexpr cuda::KvStorage storage = cuda::KvStorageOf<Format>::storage;
  for (const std::size_t head_dim : {2U, 40U, 128U}) {
    const cuda::StoredKv kv = stored_with<Format>(head_dim);
    CHECK(kv.storage == storage);
    CHECK(kv.row_bytes == backend::KvFormat<Format>::bytes(head_dim));
    for (const float scale : {1.0F, 1e-6F, 0.0F, 300.0F}) {
      const std::vector<float> values = test::random_row(head_dim, 3, scale);
      std::vector<std::byte> expected(kv.row_bytes);
      std::vector<std::byte> found(kv.row_bytes);
      backend::KvFormat<Format>::store(values, expected.data());
      for (std::size_t g = 0; g < groups<Format>(kv); ++g) {
        CHECK(cuda::store_kv_group<storage>(kv, values.data(), g, found.data()));
      }
      CHECK(std::memcmp(found.data(), expected.data(), found.size()) == 0);
      for (std::size_t i = 0; i < head_dim; ++i) {
        float value = 0;
        backend::KvFormat<Format>::Row::values(expected.data(), head_dim, i, 1, &value);
        CHECK(cuda::kv_value<storage>(kv, expected.data(), i) == value);
      }
    }
  }
}

TEST_CASE_TEMPLATE("what does not fit is reported", Format, quant::Float16, quant::Int8<32>) {
  constexpr cuda::KvStorage storage = cuda::KvStorageOf<Format>::storage;
  const cuda::StoredKv kv = stored_with<Format>(64);
  std::vector<std::byte> row(kv.row_bytes);
  for (const float bad : {1e7F, std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    std::vector<float> values = test::random_row(64, 3);
    values[37] = bad;
    for (std::size_t g = 0; g < groups<Format>(kv); ++g) {
      CHECK(cuda::store_kv_group<storage>(kv, values.data(), g, row.data()) ==
            (g != 37 / static_cast<std::size_t>(kv.group)));
    }
  }
}

TEST_CASE("rows lie where KvView says") {
  const backend::KvView<quant::Float16> kv{.kv_heads = 3, .slots = 20, .head_dim = 8, .sinks = 4, .window = 9};
  const cuda::StoredKv stored = cuda::stored(kv);
  for (std::size_t position = 0; position < 100; ++position) {
    for (std::size_t head = 0; head < 3; ++head) CHECK(stored.offset(head, position) == kv.offset(head, position));
  }
}
