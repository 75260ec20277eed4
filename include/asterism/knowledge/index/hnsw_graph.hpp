// The graph of hnswlib: the only header that includes it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

// With vectors hnswlib 0.6.2 reads past the ends of its lists, to prefetch what stands there, and defines functions and
// variables in its headers, so that two sources which include them are no program. Distances are vectors' all the same.
#if defined(NO_MANUAL_VECTORIZATION)
#include <hnswlib/hnswlib.h>
#else
#define NO_MANUAL_VECTORIZATION
#include <hnswlib/hnswlib.h>
#undef NO_MANUAL_VECTORIZATION
#endif

#include "asterism/core/bytes.hpp"
#include "asterism/core/view.hpp"
#include "asterism/quant/float32.hpp"
#include "asterism/quant/kernel_order.hpp"
#include "asterism/simd/level.hpp"
#include "asterism/simd/product.hpp"

namespace asterism::index {

/// hnswlib's graph over unit rows, which it copies. Its distance is the cosine with the sign changed, with the bits of
/// simd::product: neither depends on the flags that hnswlib is compiled with, and no score has to be computed again.
/// Takes memory of the system, not of an arena. `search` may be called from several threads at once.
/// Source: Malkov, Yashunin, arXiv 1603.09320; hnswlib 0.6.2.
class HnswGraph {
 public:
  /// For rows of `width` numbers, `most` labels at most.
  HnswGraph(std::size_t width, std::size_t most, std::size_t m, std::size_t ef_construction)
      : space_(width), graph_(&space_, most, m, ef_construction, /*random_seed=*/100) {}

  std::size_t size() const { return graph_.cur_element_count; }
  Bytes bytes() const {
    std::uint64_t upper = 0;
    for (std::size_t i = 0; i < size(); ++i) upper += static_cast<std::uint64_t>(graph_.element_levels_[i]);
    return {graph_.max_elements_ * (graph_.size_data_per_element_ + sizeof(void*)) +
            upper * graph_.size_links_per_element_};
  }

  /// Adds a unit row under the next label: 0, 1, 2 ...
  void add(View<const float> unit) { graph_.addPoint(unit.data, size()); }

  /// Calls use(label, score) for the `ef` rows most alike that it finds, in no order.
  template <class Use>
  void search(View<const float> unit, std::size_t ef, Use&& use) const {
    for (auto found = graph_.searchKnn(unit.data, ef); !found.empty(); found.pop()) {
      use(found.top().second, -found.top().first);
    }
  }

 private:
  class Space : public hnswlib::SpaceInterface<float> {
   public:
    explicit Space(std::size_t width) : rows_{width, simd::level()} {}
    std::size_t get_data_size() override { return rows_.width * sizeof(float); }
    hnswlib::DISTFUNC<float> get_dist_func() override { return distance; }
    void* get_dist_func_param() override { return &rows_; }

   private:
    struct Rows {
      std::size_t width;
      simd::Level use;
    };
    static float distance(const void* query, const void* row, const void* param) {
      const Rows& rows = *static_cast<const Rows*>(param);
      float score = 0;
      simd::product(quant::KernelMatrixRef<quant::Float32>{static_cast<const std::byte*>(row), 1, rows.width},
                    MatrixView<const float>(static_cast<const float*>(query), 1, rows.width),
                    MatrixView<float>(&score, 1, 1), 0, 1, rows.use);
      return -score;
    }
    Rows rows_;
  };

  Space space_;
  hnswlib::HierarchicalNSW<float> graph_;
};

}  // namespace asterism::index
