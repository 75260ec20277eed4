// Bodies of scan.hpp.
#pragma once

#include <cstring>

#include "asterism/knowledge/index/scan.hpp"
#include "asterism/simd/product.hpp"

namespace asterism::index {

namespace detail {
inline constexpr std::size_t query_rows = 64;
inline constexpr std::size_t piece_rows = 128;

/// The scores (queries, n) of n rows from `row` on, for few queries, whose rows come from memory: four at a time, while
/// the ones about 8 KiB behind them are requested in the order in which they lie. Left to itself the product reads four
/// short streams, which is slower.
inline void stream(const VectorRows& rows, std::size_t row, MatrixView<const float> queries,
                   MatrixView<float> scores, simd::Level use) {
  const std::size_t bytes = rows.width() * sizeof(float);
  const std::size_t ahead = std::max<std::size_t>(4, 8192 / bytes);
  for (std::size_t i = 0; i < scores.cols; i += 4) {
    const std::size_t n = std::min<std::size_t>(4, scores.cols - i);
    if (i + ahead + n <= scores.cols) {
      const std::byte* next = rows.rows(row + i + ahead, n).data;
      for (std::size_t line = 0; line < n * bytes; line += 64) __builtin_prefetch(next + line, 0, 2);
    }
    const MatrixView<float> some(scores.data + i, scores.rows, n, scores.stride);
    simd::product(rows.rows(row + i, n), queries, some, 0, n, use);
  }
}

}  // namespace detail

ASTERISM_INLINE void scan_rows(const VectorRows& rows, MatrixView<const float> queries,
                               const knowledge::Filter& filter, parallel::ExecutionRef execution,
                               MatrixView<knowledge::Hit> out) {
  // Few queries read rows from memory as they come, many meet rows that stay in a cache.
  const bool few = queries.rows <= 8;
  const std::size_t piece = few ? task_rows : detail::piece_rows;
  const ScanCut cut{piece, detail::query_rows, std::min(queries.rows, detail::query_rows) * piece};
  scan(rows.ids().ids(), filter, cut, execution, out,
       [&](std::size_t query, std::size_t count, std::size_t row, std::size_t n, float* scratch, simd::Level use) {
         const MatrixView<float> scores(scratch, count, n);
         if (few) {
           detail::stream(rows, row, queries.rows_at(query, count), scores, use);
         } else {
           simd::product(rows.rows(row, n), queries.rows_at(query, count), scores, 0, n, use);
         }
         return scores;
       });
}

ASTERISM_INLINE void scan_some(const VectorRows& rows, View<const std::uint32_t> some,
                               MatrixView<const float> queries, parallel::ExecutionRef execution,
                               MatrixView<knowledge::Hit> out) {
  std::vector<knowledge::NodeId> ids;
  ids.reserve(some.size);
  for (const std::uint32_t row : some) ids.push_back(rows.ids().ids()[row]);
  const std::size_t width = rows.width();
  const std::size_t gathered = detail::piece_rows * width + 16;  // to a multiple of 64 bytes
  const ScanCut cut{detail::piece_rows, detail::query_rows, detail::query_rows * detail::piece_rows + gathered};
  scan(
      View<const knowledge::NodeId>(ids), {}, cut, execution, out,
      [&](std::size_t query, std::size_t count, std::size_t first, std::size_t n, float* scratch,
          simd::Level use) {
        const auto address = reinterpret_cast<std::uintptr_t>(scratch);
        float* packed = scratch + (aligned(address) - address) / sizeof(float);
        for (std::size_t i = 0; i < n; ++i) {
          std::memcpy(packed + i * width, rows.row(some[first + i]).data, width * sizeof(float));
        }
        const MatrixView<float> scores(scratch + gathered, count, n);
        const quant::KernelMatrixRef<quant::Float32> weights{reinterpret_cast<const std::byte*>(packed), n, width};
        simd::product(weights, queries.rows_at(query, count), scores, 0, n, use);
        return scores;
      });
}

ASTERISM_INLINE float row_score(const VectorRows& rows, std::size_t row, View<const float> unit) {
  float score = 0;
  simd::product(rows.rows(row, 1), MatrixView<const float>(unit.data, 1, unit.size),
                MatrixView<float>(&score, 1, 1), 0, 1, simd::level());
  return score;
}

ASTERISM_INLINE void score_again(const VectorRows& rows, MatrixView<const float> queries,
                                 parallel::ExecutionRef execution, MatrixView<knowledge::Hit> hits) {
  execution.for_each_task(hits.rows, [&](std::size_t q) {
    for (knowledge::Hit& hit : hits.row(q)) {
      if (hit.id != knowledge::no_node) hit.score = row_score(rows, rows.ids().find(hit.id), queries.row(q));
    }
    std::sort(hits.row(q).begin(), hits.row(q).end(), knowledge::better);
  });
}

ASTERISM_INLINE Allowed allowed_rows(const RowIds& ids, const knowledge::Filter& filter) {
  if (filter.everything()) return {.count = ids.size()};
  Allowed allowed{.few = true};
  const std::size_t most = ids.size() / 10;
  if (filter.count() <= most) {
    filter.for_each([&](knowledge::NodeId id) {
      const std::uint32_t row = ids.find(id);
      if (row != RowIds::none) allowed.rows.push_back(row);
    });
    std::sort(allowed.rows.begin(), allowed.rows.end());
  } else {
    for (std::size_t row = 0; row < ids.size() && allowed.rows.size() <= most; ++row) {
      if (filter.allows(ids.ids()[row])) allowed.rows.push_back(static_cast<std::uint32_t>(row));
    }
    allowed.few = allowed.rows.size() <= most;
  }
  allowed.count = allowed.rows.size();
  return allowed;
}

}  // namespace asterism::index
