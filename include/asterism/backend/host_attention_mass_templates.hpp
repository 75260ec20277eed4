// Bodies of host_attention_mass.hpp, as templates: see kernels.hpp.
#pragma once

#include <cmath>
#include <cstddef>

#include "asterism/backend/host_attention_mass.hpp"
#include "asterism/simd/stored_row.hpp"
#include "asterism/simd/vector.hpp"

namespace asterism::backend {

template <class Format>
void add_attention_mass(MatrixView<const float> queries, const KvView<Format>& kv, std::size_t kv_head,
                        std::size_t first, View<float> scratch, View<float> mass, simd::Level use) {
  using Row = typename KvFormat<Format>::Row;
  constexpr std::ptrdiff_t ahead = 8192;  // bytes: enough of them on their way that memory never waits
  const float scale = 1.0F / std::sqrt(static_cast<float>(kv.head_dim));
  const std::byte* keys = kv.keys + kv.offset(kv_head, 0);
  for (std::size_t i = 0; i < queries.rows; ++i) {
    const std::size_t count = first + i + 1;
    const View<float> scores = scratch.subview(0, count);
    for (std::size_t head = 0; head < queries.cols; head += kv.head_dim) {
      const float* query = queries.row(i).data + head;
      simd::dots<>({&query, 1}, simd::StoredRows<Row>{keys, count, kv.head_dim, ahead},
                   MatrixView<float>(scores.data, 1, count), use);
      const float total = simd::exponentials(scores, scale, simd::maximum(scores, use), use);
      for (std::size_t slot = 0; slot < count; ++slot) mass[slot] += scores[slot] / total;
    }
  }
}

}  // namespace asterism::backend
