// Attention of one query position for the query heads that share one key/value head, on the CPU.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "asterism/backend/operand.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/view.hpp"
#include "asterism/linalg/softmax.hpp"
#include "asterism/simd/level.hpp"
#include "asterism/simd/vector.hpp"

namespace asterism::backend {

/// Copies one head's keys or values into a cache of float32.
inline void store(View<const float> from, float* to) { std::memcpy(to, from.data, from.size * sizeof(float)); }

/// Rounds them to binary16. Throws NumericError where a value is beyond its range, +-65504.
inline void store(View<const float> from, std::uint16_t* to) {
  simd::to_float16(from.data, to, from.size);
  for (std::size_t i = 0; i < from.size; ++i) {
    if ((to[i] & 0x7C00U) == 0x7C00U) {
      throw NumericError(concat(
          "the value ", from[i],
          " of a key or value does not fit the Float16 key/value cache: ", "use BoundedKv<quant::Float32>"));
    }
  }
}

/// out = softmax(q K^T / sqrt(head_dim)) V over the positions that `position` sees: itself and those before it,
/// the last `window` of them where window > 0. queries and out (heads of the group * head_dim). Works through the
/// positions in pieces with a running maximum, so that scratch is a few hundred bytes of stack whatever the
/// context; the pieces begin at the first visible position, so a row's result depends on nothing but the row.
/// Source: Milakov and Gimelshein, Online normalizer calculation for softmax, arXiv 1805.02867.
template <class Element>
void attend_group(View<const float> queries, const DeviceKv<Element>& kv, std::size_t kv_head,
                  std::size_t position, std::size_t window, View<float> out) {
  constexpr std::size_t piece = 64;
  const std::size_t begin = window > 0 && position + 1 > window ? position + 1 - window : 0;
  const float scale = 1.0F / std::sqrt(static_cast<float>(kv.head_dim));
  const Element* keys = kv.keys + kv_head * kv.capacity * kv.head_dim;
  const Element* values = kv.values + kv_head * kv.capacity * kv.head_dim;
  const simd::Level level = simd::level();
  std::array<float, piece> scores{};
  for (std::size_t head = 0; head < queries.size; head += kv.head_dim) {
    const float* query = queries.data + head;
    float* sum = out.data + head;
    for (std::size_t i = 0; i < kv.head_dim; ++i) sum[i] = 0;
    float maximum = 0;
    float total = 0;
    for (std::size_t first = begin; first <= position; first += piece) {
      const std::size_t count = position + 1 - first < piece ? position + 1 - first : piece;
      for (std::size_t i = 0; i < count; ++i) {
        scores[i] = scale * simd::dot(query, keys + (first + i) * kv.head_dim, kv.head_dim, level);
      }
      const View<float> visible(scores.data(), count);
      const float piece_maximum = linalg::maximum(visible);
      if (first == begin || piece_maximum > maximum) {
        const float shrink = first == begin ? 0.0F : std::exp(maximum - piece_maximum);
        total *= shrink;
        for (std::size_t i = 0; i < kv.head_dim; ++i) sum[i] *= shrink;
        maximum = piece_maximum;
      }
      total += linalg::exponentials(visible, maximum);
      for (std::size_t i = 0; i < count; ++i) {
        simd::add_scaled(sum, scores[i], values + (first + i) * kv.head_dim, kv.head_dim, level);
      }
    }
    for (std::size_t i = 0; i < kv.head_dim; ++i) sum[i] /= total;
  }
}

}  // namespace asterism::backend
