// Passes over all rows, and keeps the best: scores never exist as a matrix.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/knowledge/index/best_hits.hpp"
#include "asterism/knowledge/index/vector_rows.hpp"
#include "asterism/knowledge/types.hpp"
#include "asterism/parallel/execution_ref.hpp"
#include "asterism/simd/level.hpp"

namespace asterism::index {

/// How a scan is cut: by shape alone.
struct ScanCut {
  std::size_t piece;    ///< rows that stay in a second-level cache
  std::size_t queries;  ///< that meet a piece at a time
  std::size_t scratch;  ///< floats that `score` works with
};

/// Rows of a thread's task.
inline constexpr std::size_t task_rows = 1024;

/// Keeps in `out` (queries, k) the best of the rows that `ids` names and the filter allows, sorted. Calls
/// score(first_query, queries, first_row, rows, scratch, level), which returns the scores (queries, rows) in memory of
/// its `scratch`, for pieces that do not cross a multiple of `task_rows`. Takes memory for each running piece of tasks:
/// as much as `out`, and the scratch. Same bits for any execution.
template <class Score>
void scan(View<const knowledge::NodeId> ids, const knowledge::Filter& filter, ScanCut cut,
          parallel::ExecutionRef execution, MatrixView<knowledge::Hit> out, const Score& score) {
  const simd::Level use = simd::level();
  BestHits best(out);
  std::mutex mutex;
  execution.for_each_range((ids.size + task_rows - 1) / task_rows, [&](std::size_t first, std::size_t end) {
    std::vector<knowledge::Hit> memory(out.rows * out.cols);
    BestHits mine({memory.data(), out.rows, out.cols});
    const auto scratch = std::make_unique_for_overwrite<float[]>(cut.scratch);
    const std::size_t last = std::min(end * task_rows, ids.size);
    for (std::size_t row = first * task_rows; row < last; row += cut.piece) {
      const std::size_t rows = std::min(cut.piece, last - row);
      for (std::size_t query = 0; query < out.rows; query += cut.queries) {
        const std::size_t queries = std::min(cut.queries, out.rows - query);
        const MatrixView<const float> scores = score(query, queries, row, rows, scratch.get(), use);
        for (std::size_t q = 0; q < queries; ++q) {
          mine.offer(query + q, ids.subview(row, rows), scores.row(q), filter, use);
        }
      }
    }
    const std::scoped_lock lock(mutex);
    best.offer_all(mine);
  });
  best.sort();
}

/// The best of all rows that the filter allows, by scores in float32. `queries` are unit rows as wide as the rows.
void scan_rows(const VectorRows& rows, MatrixView<const float> queries, const knowledge::Filter& filter,
               parallel::ExecutionRef execution, MatrixView<knowledge::Hit> out);

/// The best of the rows named, with the scores of scan_rows to the bit.
void scan_some(const VectorRows& rows, View<const std::uint32_t> some, MatrixView<const float> queries,
               parallel::ExecutionRef execution, MatrixView<knowledge::Hit> out);

/// The score of one row with one unit query, to the bit as scan_rows.
float row_score(const VectorRows& rows, std::size_t row, View<const float> unit);

/// Scores the hits that have an id again, in float32 and to the bit as scan_rows, and sorts them. A task a query.
void score_again(const VectorRows& rows, MatrixView<const float> queries, parallel::ExecutionRef execution,
                 MatrixView<knowledge::Hit> hits);

/// The rows that a filter allows, counted before anything is scanned.
struct Allowed {
  std::uint64_t count = 0;            ///< rows; where `few` is false at least that many
  bool few = false;                   ///< at most a tenth of all rows
  std::vector<std::uint32_t> rows{};  ///< ascending, where they are few
};
Allowed allowed_rows(const RowIds& ids, const knowledge::Filter& filter);

}  // namespace asterism::index

#if !defined(ASTERISM_COMPILED)
#include "asterism/knowledge/index/scan_impl.hpp"
#endif
