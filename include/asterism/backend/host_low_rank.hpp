// What adapters add to products, in the memory of the host.
#pragma once

#include <cstddef>
#include <cstdint>

#include "asterism/backend/groups.hpp"
#include "asterism/backend/low_rank.hpp"
#include "asterism/core/view.hpp"
#include "asterism/parallel/execution_ref.hpp"
#include "asterism/quant/float_storage.hpp"

namespace asterism::backend {

/// LowRankColumns in any format.
struct UntypedColumns {
  const std::byte* data = nullptr;
  quant::FloatStorage storage = quant::FloatStorage::float32;
  std::size_t rank = 0;
  std::size_t outputs = 0;
  float scale = 0;

  template <class Format>
  static UntypedColumns of(const LowRankColumns<Format>& b) {
    return {b.columns.data, quant::storage_of<Format>, static_cast<std::size_t>(b.columns.rows),
            static_cast<std::size_t>(b.columns.cols), b.scale};
  }
};

/// y(i, :) += scale B inner(i, :) for every sum, a column of B after the other; tasks are ranges of outputs.
template <class Format>
void add_low_rank(const parallel::ExecutionRef& execution, View<const LowRankSum<Format>> all);

/// The same for the slots of every expert e that are copies of rows in `rows`, with columns_of(e); see
/// ExpertGroups. All experts have the outputs of y.
template <class ColumnsOf>
void grouped_add_low_rank(const parallel::ExecutionRef& execution, const ColumnsOf& columns_of,
                          const ExpertGroups& groups, RowRange rows, MatrixView<const float> inner,
                          MatrixView<float> y);

namespace detail {

/// Outputs of one task.
inline constexpr std::size_t low_rank_outputs = 1024;

inline std::size_t low_rank_tasks(std::size_t outputs) {
  return (outputs + low_rank_outputs - 1) / low_rank_outputs;
}

/// Outputs of task `number`, for the rows [begin, end) of inner and y whose source_row is `wanted`, or for all where it
/// is null.
void add_low_rank_outputs(const UntypedColumns& b, std::size_t number, const std::int32_t* source_row, RowRange wanted,
                          std::size_t begin, std::size_t end, MatrixView<const float> inner, MatrixView<float> y);

}  // namespace detail

template <class Format>
void add_low_rank(const parallel::ExecutionRef& execution, View<const LowRankSum<Format>> all) {
  std::size_t tasks = 0;
  for (const LowRankSum<Format>& one : all) tasks += detail::low_rank_tasks(one.y.cols());
  execution.for_each_task(tasks, [&](std::size_t task) {
    const LowRankSum<Format>* one = all.begin();
    for (; task >= detail::low_rank_tasks(one->y.cols()); ++one) task -= detail::low_rank_tasks(one->y.cols());
    detail::add_low_rank_outputs(UntypedColumns::of(one->b), task, nullptr, {}, 0, one->y.rows(), one->inner.view,
                                 one->y.view);
  });
}

template <class ColumnsOf>
void grouped_add_low_rank(const parallel::ExecutionRef& execution, const ColumnsOf& columns_of,
                          const ExpertGroups& groups, RowRange rows, MatrixView<const float> inner,
                          MatrixView<float> y) {
  const std::size_t tasks = detail::low_rank_tasks(y.cols);
  execution.for_each_task(groups.experts() * tasks, [&](std::size_t task) {
    const std::size_t e = task / tasks;
    const auto begin = static_cast<std::size_t>(groups.offsets[e]);
    const auto end = static_cast<std::size_t>(groups.offsets[e + 1]);
    if (begin == end) return;
    const UntypedColumns b = columns_of(e);
    if (b.data == nullptr) return;
    detail::add_low_rank_outputs(b, task % tasks, groups.source_row.data, rows, begin, end, inner, y);
  });
}

}  // namespace asterism::backend

#if !defined(ASTERISM_COMPILED)
#include "asterism/backend/host_low_rank_impl.hpp"
#endif
