// The index for many vectors: a navigable graph, watched by an exact one. Needs hnswlib (asterism::hnsw).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "asterism/backend/arena.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/view.hpp"
#include "asterism/knowledge/concept.hpp"
#include "asterism/knowledge/index/best_hits.hpp"
#include "asterism/knowledge/index/flat.hpp"
#include "asterism/knowledge/index/hnsw_graph.hpp"
#include "asterism/knowledge/index/limits.hpp"
#include "asterism/knowledge/index/scan.hpp"
#include "asterism/knowledge/index/vector_rows.hpp"
#include "asterism/parallel/execution_ref.hpp"

namespace asterism::index {

struct HnswOptions {
  std::size_t m = 16;                 ///< links of a node, 2 to 100; twice as many on the ground
  std::size_t ef_construction = 200;  ///< candidates when a node is linked, at least m
  std::size_t ef = 64;                ///< candidates of a search, unless Effort::of says another number
  double tombstones = 0.3;            ///< share of dead nodes at which the graph is built again, up to 0.9
  std::size_t probes = 64;            ///< stored vectors that the graph is tried with
  double recall = 0.95;               ///< of their 10 nearest, below which it isn't asked
};

/// A VectorIndex over hnswlib's graph and a Flat beside it, which holds the same vectors. Erased and replaced vectors
/// stay in the graph as tombstones, which no search returns; at 30 % of its nodes it is built again, within the call
/// that erased or replaced.
///
/// The graph is tried whenever it was built again, and when the rows have doubled: 64 stored vectors, their 10 nearest
/// against the exact ones. Below a recall of 0.95 Flat answers, until the next trial. Flat also answers Effort::exact,
/// a filter that allows at most a tenth of the rows, k above the rows (under a filter above a tenth of them), and every
/// query for which the graph has not found k that are alive (under a filter 2 k that are allowed too): it is asked for
/// four times as many again and again, up to a quarter of the rows.
///
/// Draws what Flat draws from the arena; the graph takes memory of the system, 4 D + 150 bytes for each of 1.43 times
/// the rows, which become resident as they are used. Built by one thread, the same graph each time; queries of a batch
/// are the tasks of a search. `Searched::rows_read` counts what the graph found, not the nodes that it passed. Movable.
/// Source: Malkov, Yashunin, arXiv 1603.09320.
///
/// @tparam Format  of the Flat beside it
template <class Format>
class Hnsw {
 public:
  /// Throws as Flat; InvalidArgument for options out of range.
  Hnsw(backend::Arena& arena, knowledge::IndexLimits limits,
       parallel::ExecutionRef execution = parallel::ExecutionRef(detail::on_the_caller), HnswOptions options = {})
      : options_(checked(options)),
        most_(static_cast<std::size_t>(limits.rows / (1 - options.tombstones)) + 1),
        flat_(arena, limits, execution),
        graph_(empty_graph()) {}

  std::size_t dim() const { return flat_.dim(); }
  std::size_t size() const { return flat_.size(); }
  /// What the arena gave, and what the graph takes once all of it is used.
  Bytes bytes() const { return flat_.bytes() + graph_->bytes(); }

  /// Nodes of the graph, tombstones among them.
  std::size_t nodes() const { return graph_->size(); }
  std::size_t tombstones() const { return dead_; }
  /// Share of the probes' nearest that the graph found at its last trial; whether it is asked.
  double recall() const { return recall_; }
  bool trusted() const { return recall_ >= options_.recall; }

  void insert(View<const knowledge::NodeId> ids, MatrixView<const float> vectors) {
    flat_.insert(ids, vectors);
    label_of_.resize(size(), none);
    std::vector<std::uint32_t> rows;  // each once
    for (const knowledge::NodeId id : ids) {
      const std::uint32_t row = flat_.rows().ids().find(id);
      if (label_of_[row] == pending) continue;
      bury(row);
      label_of_[row] = pending;
      rows.push_back(row);
    }
    if (stale(rows.size())) return rebuild();
    for (const std::uint32_t row : rows) link(row);
    if (size() >= 2 * tried_) try_graph();
  }

  std::size_t erase(View<const knowledge::NodeId> ids) {
    std::size_t count = 0;
    for (std::size_t i = 0; i < ids.size; ++i) {
      const std::uint32_t row = flat_.rows().ids().find(ids[i]);
      if (row == RowIds::none) continue;
      bury(row);
      count += flat_.erase(ids.subview(i, 1));
      label_of_[row] = label_of_.back();  // the last row has moved there, unless this was it
      label_of_.pop_back();
      if (row < label_of_.size()) row_of_[label_of_[row]] = row;
    }
    if (stale(0)) rebuild();
    return count;
  }

  knowledge::Searched search(MatrixView<const float> queries, std::size_t k, const knowledge::Filter& filter,
                             knowledge::Effort effort, MatrixView<knowledge::Hit> out) const {
    const std::size_t width = flat_.rows().width();
    const std::vector<float> memory = unit_queries(dim(), width, queries, k, out);
    const MatrixView<const float> units(memory.data(), queries.rows, width);
    const Allowed allowed = allowed_rows(flat_.rows().ids(), filter);
    if (effort.is_exact()) return flat_.search_units(units, filter, effort, out);
    if (allowed.few || k > allowed.count || !trusted()) return flat_.search_units(units, filter, {}, out);
    const std::size_t ef = std::max({std::size_t{1}, k, effort.number_or(options_.ef)});
    std::vector<std::uint64_t> read(queries.rows);  // by query; 0 where the graph did not find k
    flat_.execution().for_each_task(
        queries.rows, [&](std::size_t q) { read[q] = walk(units.row(q), ef, filter, out.rows_at(q, 1)); });
    knowledge::Searched searched{.hits = k};
    for (std::size_t q = 0; q < queries.rows; ++q) {
      searched.rows_read += read[q] != 0
                                ? read[q]
                                : flat_.search_units(units.rows_at(q, 1), filter, {}, out.rows_at(q, 1)).rows_read;
    }
    return searched;
  }

 private:
  static constexpr std::uint32_t none = RowIds::none;
  static constexpr std::uint32_t pending = none - 1;

  static const HnswOptions& checked(const HnswOptions& options) {
    if (options.m < 2 || options.m > 100 || options.ef_construction < options.m || options.ef < 1 ||
        options.probes < 1 || !(options.tombstones > 0 && options.tombstones <= 0.9) || options.recall < 0) {
      throw InvalidArgument(
          "HnswOptions: m is 2 to 100, ef_construction at least m, ef and probes at least 1, "
          "tombstones above 0 and at most 0.9, recall at least 0");
    }
    return options;
  }
  std::unique_ptr<HnswGraph> empty_graph() const {
    return std::make_unique<HnswGraph>(flat_.rows().width(), most_, options_.m, options_.ef_construction);
  }

  /// The best allowed hits of one query into out (1, k); returns how many nodes it found, 0 if too few count.
  std::uint64_t walk(View<const float> unit, std::size_t ef, const knowledge::Filter& filter,
                     MatrixView<knowledge::Hit> out) const {
    // The far end of what a walk finds is the part that it knows least.
    const std::size_t wanted = filter.everything() ? out.cols : 2 * out.cols;
    for (std::uint64_t read = 0;; ef *= 4) {
      BestHits best(out);
      std::size_t count = 0;
      graph_->search(unit, ef, [&](std::size_t label, float score) {
        ++read;
        if (row_of_[label] == none) return;
        const knowledge::NodeId id = flat_.rows().ids().ids()[row_of_[label]];
        if (!filter.allows(id)) return;
        ++count;
        best.offer(0, {id, score});
      });
      if (count >= wanted) return best.sort(), read;
      if (4 * ef > size() / 4) return 0;
    }
  }

  /// True if the graph has to be built again before `fresh` nodes are added.
  bool stale(std::size_t fresh) const {
    const std::size_t nodes = graph_->size() + fresh;
    return dead_ > 0 &&
           (nodes > most_ || static_cast<double>(dead_) >= options_.tombstones * static_cast<double>(nodes));
  }
  /// Makes the row's node a tombstone, if it has one.
  void bury(std::uint32_t row) {
    if (label_of_[row] == none) return;
    row_of_[label_of_[row]] = none;
    ++dead_;
  }
  void link(std::uint32_t row) {
    label_of_[row] = static_cast<std::uint32_t>(row_of_.size());
    row_of_.push_back(row);
    graph_->add(flat_.rows().row(row));
  }
  void rebuild() {
    graph_ = empty_graph();
    row_of_.clear();
    dead_ = 0;
    for (std::uint32_t row = 0; row < size(); ++row) link(row);
    try_graph();
  }

  /// Measures recall_. A row as near as the last of the nearest counts as one of them.
  void try_graph() {
    tried_ = std::max<std::size_t>(1, size());
    recall_ = 1;
    if (size() == 0) return;
    const VectorRows& rows = flat_.rows();
    const std::size_t k = std::min<std::size_t>(10, size());
    const std::size_t probes = std::min(options_.probes, size());
    std::vector<float> memory;
    for (std::size_t p = 0; p < probes; ++p) {
      const View<const float> row = rows.row(p * size() / probes);
      memory.insert(memory.end(), row.begin(), row.end());
    }
    const MatrixView<const float> units(memory.data(), probes, rows.width());
    std::vector<knowledge::Hit> hits(probes * k);
    const MatrixView<knowledge::Hit> nearest(hits.data(), probes, k);
    flat_.search_units(units, {}, knowledge::Effort::exact(), nearest);
    std::vector<std::size_t> found(probes);
    flat_.execution().for_each_task(probes, [&](std::size_t p) {
      graph_->search(units.row(p), std::max(k, options_.ef), [&](std::size_t label, float score) {
        if (row_of_[label] != none && score >= nearest(p, k - 1).score && found[p] < k) ++found[p];
      });
    });
    std::size_t sum = 0;
    for (const std::size_t one : found) sum += one;
    recall_ = static_cast<double>(sum) / static_cast<double>(probes * k);
  }

  HnswOptions options_;
  std::size_t most_;  // nodes of the graph
  Flat<Format> flat_;
  std::unique_ptr<HnswGraph> graph_;
  std::vector<std::uint32_t> label_of_{};  // by row
  std::vector<std::uint32_t> row_of_{};    // by label; none: a tombstone
  std::size_t dead_ = 0;
  std::size_t tried_ = 0;  // rows at the last trial
  double recall_ = 1;
};

}  // namespace asterism::index
