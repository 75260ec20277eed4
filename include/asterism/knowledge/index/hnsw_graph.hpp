// The graph of hnswlib: the only header that includes it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <string>
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
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/view.hpp"
#include "asterism/knowledge/index/saved.hpp"
#include "asterism/simd/dot.hpp"

namespace asterism::index {

struct HnswOptions {
  std::size_t m = 16;                 ///< links of a node, 2 to 100; twice as many on the ground
  std::size_t ef_construction = 200;  ///< candidates when a node is linked, at least m
  std::size_t ef = 64;                ///< candidates of a search, unless Effort::of says another number
  double tombstones = 0.3;            ///< share of dead nodes at which the graph is built again, up to 0.9
  std::size_t probes = 64;            ///< stored vectors that the graph is tried with
  double recall = 0.95;               ///< of their 10 nearest, below which it isn't asked

  std::size_t effort() const { return ef; }
};

/// An IndexEngine: hnswlib's graph over unit rows, which it copies. Its distance is the cosine with the sign changed,
/// by simd::dot, whatever flags hnswlib is compiled with. Takes memory of the system, not of an arena. `search` may be
/// called from several threads at once. Source: Malkov, Yashunin, arXiv 1603.09320; hnswlib 0.6.2.
class HnswGraph {
 public:
  using Options = HnswOptions;

  static void check(const HnswOptions& options) {
    if (options.m < 2 || options.m > 100 || options.ef_construction < options.m || options.ef < 1) {
      throw InvalidArgument("HnswOptions: m is 2 to 100, ef_construction at least m, ef at least 1");
    }
  }
  static std::string settings(const HnswOptions& options) {
    return concat("hnsw, m ", options.m, ", ef_construction ", options.ef_construction);
  }

  /// For rows of `width` numbers, `most` labels at most.
  HnswGraph(std::size_t width, std::size_t most, const HnswOptions& options)
      : space_(width), graph_(&space_, most, options.m, options.ef_construction, /*random_seed=*/100) {}

  std::size_t size() const { return graph_.cur_element_count; }
  Bytes bytes() const {
    std::uint64_t upper = 0;
    for (std::size_t i = 0; i < size(); ++i) upper += static_cast<std::uint64_t>(graph_.element_levels_[i]);
    return {graph_.max_elements_ * (graph_.size_data_per_element_ + sizeof(void*)) +
            upper * graph_.size_links_per_element_};
  }

  static constexpr std::size_t least_rows() { return 0; }
  void train(MatrixView<const float> /*units*/) {}

  /// Adds unit rows under the next labels: 0, 1, 2 ...
  void add(MatrixView<const float> units) {
    for (std::size_t i = 0; i < units.rows; ++i) graph_.addPoint(units.row(i).data, size());
  }

  /// Calls use(label, score) for the `ef` rows most alike that it finds, in no order.
  template <class Use>
  void search(View<const float> unit, std::size_t ef, Use&& use) const {
    for (auto found = graph_.searchKnn(unit.data, ef); !found.empty(); found.pop()) {
      use(found.top().second, -found.top().first);
    }
  }

  /// Nodes with their rows and the links of the ground; the level of each, and its links above the ground.
  void save(detail::SavedWriter& file) const {
    file.number(graph_.enterpoint_node_);
    file.write(bytes_of(graph_.data_level0_memory_, size() * graph_.size_data_per_element_));
    for (std::size_t i = 0; i < size(); ++i) file.number(static_cast<std::uint64_t>(graph_.element_levels_[i]));
    for (std::size_t i = 0; i < size(); ++i) {
      if (upper_bytes(i) > 0) file.write(bytes_of(graph_.linkLists_[i], upper_bytes(i)));
    }
  }
  bool restore(detail::SavedReader& file, std::size_t nodes) {
    const std::uint64_t entry = file.number();
    if (nodes > graph_.max_elements_ || (nodes > 0 && entry >= nodes)) return false;
    file.read(bytes_of(graph_.data_level0_memory_, nodes * graph_.size_data_per_element_));
    std::vector<int> levels(nodes);
    for (int& level : levels) {
      const std::uint64_t number = file.number();
      if (number > 64) return false;
      level = static_cast<int>(number);
    }
    for (std::size_t i = 0; i < nodes; ++i) {
      graph_.element_levels_[i] = levels[i];
      if (levels[i] > 0) {
        graph_.linkLists_[i] = static_cast<char*>(std::malloc(upper_bytes(i)));
        ++graph_.cur_element_count;  // whose lists the destructor frees
        if (graph_.linkLists_[i] == nullptr) throw std::bad_alloc();
        file.read(bytes_of(graph_.linkLists_[i], upper_bytes(i)));
      } else {
        ++graph_.cur_element_count;
      }
      graph_.label_lookup_[i] = static_cast<hnswlib::tableint>(i);
      graph_.getRandomLevel(graph_.mult_);  // so that nodes to come get the levels that they would have got
    }
    if (nodes == 0) return true;
    graph_.enterpoint_node_ = static_cast<hnswlib::tableint>(entry);
    graph_.maxlevel_ = levels[entry];
    return sound();
  }

 private:
  static View<std::byte> bytes_of(char* data, std::size_t count) {
    return {reinterpret_cast<std::byte*>(data), count};
  }
  std::size_t upper_bytes(std::size_t node) const {
    return static_cast<std::size_t>(graph_.element_levels_[node]) * graph_.size_links_per_element_;
  }
  /// True if labels count up, and every link leads to a node of its level.
  bool sound() const {
    for (hnswlib::tableint i = 0; i < size(); ++i) {
      const int level = graph_.element_levels_[i];
      if (graph_.getExternalLabel(i) != i || level > graph_.maxlevel_) return false;
      for (int at = 0; at <= level; ++at) {
        hnswlib::linklistsizeint* list = graph_.get_linklist_at_level(i, at);
        const std::size_t count = graph_.getListCount(list);
        if (count > (at == 0 ? graph_.maxM0_ : graph_.maxM_)) return false;
        for (std::size_t k = 1; k <= count; ++k) {
          if (list[k] >= size() || graph_.element_levels_[list[k]] < at) return false;
        }
      }
    }
    return true;
  }

  class Space : public hnswlib::SpaceInterface<float> {
   public:
    explicit Space(std::size_t width) : rows_{width, simd::dot()} {}
    std::size_t get_data_size() override { return rows_.width * sizeof(float); }
    hnswlib::DISTFUNC<float> get_dist_func() override { return distance; }
    void* get_dist_func_param() override { return &rows_; }

   private:
    struct Rows {
      std::size_t width;
      simd::Dot dot;
    };
    static float distance(const void* query, const void* row, const void* param) {
      const Rows& rows = *static_cast<const Rows*>(param);
      return -rows.dot(static_cast<const float*>(query), static_cast<const float*>(row), rows.width);
    }
    Rows rows_;
  };

  Space space_;
  hnswlib::HierarchicalNSW<float> graph_;
};

}  // namespace asterism::index
