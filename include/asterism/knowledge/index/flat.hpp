// The index that looks at every row: exact, or exact among the candidates of a first pass over integers.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <vector>

#include "asterism/backend/arena.hpp"
#include "asterism/backend/layout.hpp"
#include "asterism/knowledge/concept.hpp"
#include "asterism/knowledge/index/codes.hpp"
#include "asterism/knowledge/index/limits.hpp"
#include "asterism/knowledge/index/scan.hpp"
#include "asterism/knowledge/index/vector_rows.hpp"
#include "asterism/parallel/execution_ref.hpp"
#include "asterism/parallel/serial.hpp"

namespace asterism::index {

namespace detail {
inline parallel::Serial on_the_caller;
}  // namespace detail

/// A VectorIndex that passes over all rows. Both formats keep the unit rows in float32:
///
/// - Flat<quant::Float32> compares every row with every query in float32. Always exact.
/// - Flat<quant::Int8<32>>, the default, first passes over a copy in 8 bits with queries in 8 bits, about a quarter of
///   the bytes, and compares the best max(20, 2 k) in float32 (Effort::of(n): the best max(n, k)). Scores are those of
///   Float32 to the bit; a row is missed if it was no candidate. Effort::exact passes over the rows in float32.
///
/// If a filter allows at most a tenth of the rows, those alone are compared, exactly. Draws bytes(limits) from the
/// arena when it is made. A search takes memory of the heap: the queries, and for each thread the candidates of all
/// queries with at most 2.1 MiB of scores and gathered rows. Movable; the arena and the execution outlive it.
///
/// Memory: with width D, dim rounded up to 32, 4 D bytes a row and 16 to 32 for ids; 8-bit copies 1.0625 D more.
///
/// @tparam Format  quant::Float32, or a format of integers in groups of 32 such as quant::Int8<32>
template <class Format>
class Flat {
 public:
  /// Throws InvalidArgument for sizes out of range, BudgetExceeded where the arena has too little.
  Flat(backend::Arena& arena, knowledge::IndexLimits limits,
       parallel::ExecutionRef execution = parallel::ExecutionRef(detail::on_the_caller))
      : buffer_(arena.allocate(bytes(limits), "vector index")),
        parts_(cut(buffer_, limits)),
        execution_(execution) {
    parts_.rows.clear();
  }

  /// What an index of this size draws.
  static constexpr Bytes bytes(knowledge::IndexLimits limits) {
    limits.check();
    backend::Layout layout;
    const VectorRows rows(layout, limits);
    Codes<Format>::measure(layout, limits);
    return layout.used();
  }

  std::size_t dim() const { return parts_.rows.dim(); }
  std::size_t size() const { return parts_.rows.size(); }
  Bytes bytes() const { return buffer_.size(); }
  const VectorRows& rows() const { return parts_.rows; }
  parallel::ExecutionRef execution() const { return execution_; }

  void insert(View<const knowledge::NodeId> ids, MatrixView<const float> vectors) {
    check_rows(dim(), ids, vectors);
    check_room(parts_.rows.ids(), ids);
    for (std::size_t i = 0; i < ids.size; ++i) write(parts_.rows.put(ids[i], vectors.row(i)));
  }

  std::size_t erase(View<const knowledge::NodeId> ids) {
    std::size_t count = 0;
    for (const knowledge::NodeId id : ids) {
      const auto changed = parts_.rows.remove(id);
      if (!changed) continue;
      ++count;
      if (*changed < size()) write(*changed);
    }
    return count;
  }

  knowledge::Searched search(MatrixView<const float> queries, std::size_t k, const knowledge::Filter& filter,
                             knowledge::Effort effort, MatrixView<knowledge::Hit> out) const {
    const std::vector<float> units = unit_queries(dim(), parts_.rows.width(), queries, k, out);
    return search_units({units.data(), queries.rows, parts_.rows.width()}, filter, effort, out);
  }

  /// The same for unit rows of rows().width() numbers, checked before.
  knowledge::Searched search_units(MatrixView<const float> units, const knowledge::Filter& filter,
                                   knowledge::Effort effort, MatrixView<knowledge::Hit> out) const {
    if (units.rows == 0) return {.exact = true};
    const std::size_t k = out.cols;
    const Allowed allowed = allowed_rows(parts_.rows.ids(), filter);
    knowledge::Searched searched{.rows_read = allowed.few ? allowed.count : size(), .exact = true};
    const std::size_t candidates = std::max(k, effort.number_or(std::max<std::size_t>(20, 2 * k)));
    if (allowed.few) {
      scan_some(parts_.rows, View<const std::uint32_t>(allowed.rows), units, execution_, out);
    } else if (std::same_as<Format, quant::Float32> || effort.is_exact() || candidates >= size()) {
      scan_rows(parts_.rows, units, filter, execution_, out);
    } else {
      searched.exact = scan_codes(candidates, units, filter, out);
    }
    searched.hits = found(out.row(0));
    return searched;
  }

 private:
  void write(std::size_t row) { parts_.codes.write(row, parts_.rows.row(row)); }

  /// True if all rows that the filter allows were candidates.
  bool scan_codes(std::size_t candidates, MatrixView<const float> units, const knowledge::Filter& filter,
                  MatrixView<knowledge::Hit> out) const {
    if constexpr (!std::same_as<Format, quant::Float32>) {
      std::vector<knowledge::Hit> memory(units.rows * candidates);
      const MatrixView<knowledge::Hit> hits(memory.data(), units.rows, candidates);
      parts_.codes.scan(parts_.rows.ids().ids(), units, filter, execution_, hits);
      const bool all = found(hits.row(0)) < candidates;
      score_again(parts_.rows, units, execution_, hits);
      for (std::size_t q = 0; q < out.rows; ++q) std::copy_n(hits.row(q).data, out.cols, out.row(q).data);
      return all;
    }
    return true;
  }

  struct Parts {
    VectorRows rows;
    Codes<Format> codes;
  };
  static Parts cut(const backend::Buffer& buffer, knowledge::IndexLimits limits) {
    backend::Layout layout(buffer);
    const VectorRows rows(layout, limits);
    return {rows, Codes<Format>(layout, limits)};
  }

  backend::Buffer buffer_;
  Parts parts_;
  parallel::ExecutionRef execution_;
};

}  // namespace asterism::index
