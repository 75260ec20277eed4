// The best hits of each query so far.
#pragma once

#include <algorithm>
#include <cstddef>

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/knowledge/types.hpp"
#include "asterism/simd/level.hpp"

namespace asterism::index {

/// Keeps the k best hits of each query, over borrowed memory (queries, k): a heap a query, its worst hit on top. Since
/// no two ids rank alike, what it keeps does not depend on the order of the offers. Allocates nothing; for one thread.
class BestHits {
 public:
  /// Begins with nothing.
  explicit BestHits(MatrixView<knowledge::Hit> hits);

  /// Offers query `query` one hit.
  void offer(std::size_t query, const knowledge::Hit& hit) {
    knowledge::Hit* heap = hits_.row(query).data;
    if (knowledge::better(hit, heap[0])) replace_worst(heap, hit);
  }
  /// Offers the scores of the ids beside them, of which those count that the filter allows.
  void offer(std::size_t query, View<const knowledge::NodeId> ids, View<const float> scores,
             const knowledge::Filter& filter, simd::Level use);
  /// Offers what another one of equal size kept.
  void offer_all(const BestHits& other);

  /// Sorts each query's hits, best first, those that were not found last. Nothing may be offered after that.
  void sort();

  std::size_t queries() const { return hits_.rows; }
  View<const knowledge::Hit> row(std::size_t query) const { return hits_.row(query); }

 private:
  void replace_worst(knowledge::Hit* heap, const knowledge::Hit& hit) const;

  MatrixView<knowledge::Hit> hits_;
};

/// Number of hits that were found, of sorted ones.
inline std::size_t found(View<const knowledge::Hit> hits) {
  std::size_t count = 0;
  while (count < hits.size && hits[count].id != knowledge::no_node) ++count;
  return count;
}

}  // namespace asterism::index

#if !defined(ASTERISM_COMPILED)
#include "asterism/knowledge/index/best_hits_impl.hpp"
#endif
