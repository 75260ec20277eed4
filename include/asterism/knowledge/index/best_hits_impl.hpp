// Bodies of best_hits.hpp.
#pragma once

#include "asterism/knowledge/index/best_hits.hpp"
#include "asterism/simd/vector.hpp"

namespace asterism::index {

ASTERISM_INLINE BestHits::BestHits(MatrixView<knowledge::Hit> hits) : hits_(hits) {
  for (std::size_t q = 0; q < hits_.rows; ++q) std::fill_n(hits_.row(q).data, hits_.cols, knowledge::Hit{});
}

ASTERISM_INLINE void BestHits::offer(std::size_t query, View<const knowledge::NodeId> ids,
                                     View<const float> scores, const knowledge::Filter& filter, simd::Level use) {
  constexpr std::size_t piece = 64;  // most pieces have no score that counts, as one look at their maximum tells
  knowledge::Hit* heap = hits_.row(query).data;
  for (std::size_t first = 0; first < scores.size; first += piece) {
    const std::size_t end = std::min(scores.size, first + piece);
    if (simd::maximum(scores.subview(first, end - first), use) < heap[0].score) continue;
    for (std::size_t i = first; i < end; ++i) {
      const knowledge::Hit hit{ids[i], scores[i]};
      if (knowledge::better(hit, heap[0]) && filter.allows(hit.id)) replace_worst(heap, hit);
    }
  }
}

ASTERISM_INLINE void BestHits::offer_all(const BestHits& other) {
  for (std::size_t q = 0; q < queries(); ++q) {
    for (const knowledge::Hit& hit : other.row(q)) offer(q, hit);
  }
}

ASTERISM_INLINE void BestHits::sort() {
  for (std::size_t q = 0; q < queries(); ++q) {
    std::sort(hits_.row(q).begin(), hits_.row(q).end(), knowledge::better);
  }
}

ASTERISM_INLINE void BestHits::replace_worst(knowledge::Hit* heap, const knowledge::Hit& hit) const {
  const std::size_t size = hits_.cols;
  std::size_t at = 0;
  for (std::size_t child = 1; child < size; child = 2 * at + 1) {
    if (child + 1 < size && knowledge::better(heap[child], heap[child + 1])) ++child;  // the worse of the two
    if (!knowledge::better(hit, heap[child])) break;
    heap[at] = heap[child];
    at = child;
  }
  heap[at] = hit;
}

}  // namespace asterism::index
