// Attention of one query position for the query heads that share one key/value head, on the CPU.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>

#include "asterism/backend/device_kv.hpp"
#include "asterism/core/view.hpp"
#include "asterism/linalg/softmax.hpp"
#include "asterism/simd/level.hpp"

namespace asterism::backend {

/// out = softmax(q K^T / sqrt(head_dim)) V over what a position sees. queries and out (heads of the group *
/// head_dim). Works through the positions in pieces with a running maximum, so that scratch is a few hundred bytes
/// of stack whatever the context; the pieces begin at the first visible position, so a row's result depends on
/// nothing but the row. Source: Milakov and Gimelshein, Online normalizer calculation for softmax, arXiv
/// 1805.02867.
template <class Format>
void attend_group(View<const float> queries, const DeviceKv<Format>& kv, std::size_t kv_head,
                  const Visible& visible, View<float> out) {
  constexpr std::size_t piece = 64;
  using Row = KvRow<Format>;
  const float scale = 1.0F / std::sqrt(static_cast<float>(kv.head_dim));
  const simd::Level level = simd::level();
  std::array<float, piece> scores{};
  for (std::size_t head = 0; head < queries.size; head += kv.head_dim) {
    const float* query = queries.data + head;
    float* sum = out.data + head;
    for (std::size_t i = 0; i < kv.head_dim; ++i) sum[i] = 0;
    float maximum = 0;
    float total = 0;
    for (std::size_t first = 0; first < visible.count(); first += piece) {
      const std::size_t count = visible.count() - first < piece ? visible.count() - first : piece;
      for (std::size_t i = 0; i < count; ++i) {
        const std::byte* key = kv.keys + kv.offset(kv_head, visible[first + i]);
        scores[i] = scale * Row::dot(query, key, kv.head_dim, level);
      }
      const View<float> these(scores.data(), count);
      const float piece_maximum = linalg::maximum(these);
      if (first == 0 || piece_maximum > maximum) {
        const float shrink = first == 0 ? 0.0F : std::exp(maximum - piece_maximum);
        total *= shrink;
        for (std::size_t i = 0; i < kv.head_dim; ++i) sum[i] *= shrink;
        maximum = piece_maximum;
      }
      total += linalg::exponentials(these, maximum);
      for (std::size_t i = 0; i < count; ++i) {
        const std::byte* value = kv.values + kv.offset(kv_head, visible[first + i]);
        Row::add_scaled(sum, scores[i], value, kv.head_dim, level);
      }
    }
    for (std::size_t i = 0; i < kv.head_dim; ++i) sum[i] /= total;
  }
}

}  // namespace asterism::backend
