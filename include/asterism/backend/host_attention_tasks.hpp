// How attention on the CPU is cut into tasks.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <vector>

#include "asterism/backend/attention_parts.hpp"
#include "asterism/backend/host_attention.hpp"
#include "asterism/backend/kv_view.hpp"
#include "asterism/core/view.hpp"
#include "asterism/parallel/execution_ref.hpp"

namespace asterism::backend {

/// The attention of a host device. A task is a key/value head and as many rows as share a pass over it. Where these
/// are few, as when one token is decoded, tasks are cut further into blocks of positions, so that a single head has
/// work for all threads; the bits are those of whole tasks. Operands must have been checked. Not thread-safe.
///
/// What threads saw of blocks waits to be put together in 256 KiB that belong to the object, as their stacks do to
/// threads; longer contexts go through them in turns.
class HostAttention {
 public:
  explicit HostAttention(parallel::ExecutionRef execution)
      : execution_(execution), sums_(most_sums), softmax_(most_parts) {}

  /// See HostDevice::attend.
  template <class Format>
  void attend(MatrixView<const float> queries, const KvView<Format>& kv, std::size_t first, std::size_t window,
              MatrixView<float> out);

 private:
  static constexpr std::size_t most_sums = std::size_t{1} << 16U;  // values
  static constexpr std::size_t most_parts = 1024;                  // of queries

  /// A key/value head and rows [row, row + rows) of queries.
  struct Task {
    std::size_t kv_head = 0;
    std::size_t row = 0;
    std::size_t rows = 0;

    template <class T>
    MatrixView<T> of(MatrixView<T> all, std::size_t width) const {
      return {all.row(row).data + kv_head * width, rows, width, all.stride};
    }
  };

  template <class TaskOf, class Format>
  void attend_in_blocks(MatrixView<const float> queries, const KvView<Format>& kv, std::size_t first,
                        std::size_t window, const PositionBlocks& blocks, std::size_t tasks, const TaskOf& task_of,
                        std::size_t at_once, MatrixView<float> out);

  /// Adds what the rows of a task saw of its `i`-th block of `count`.
  static void put_together(std::size_t i, std::size_t count, const Softmax* softmax, const float* sums,
                           std::size_t head_dim, Softmax* all, MatrixView<float> out);

  parallel::ExecutionRef execution_;
  std::vector<float> sums_;
  std::vector<Softmax> softmax_;
};

inline void HostAttention::put_together(std::size_t i, std::size_t count, const Softmax* softmax,
                                        const float* sums, std::size_t head_dim, Softmax* all,
                                        MatrixView<float> out) {
  for (std::size_t row = 0; row < out.rows; ++row) {
    for (std::size_t head = 0; head < out.cols; head += head_dim, ++softmax, sums += head_dim, ++all) {
      float* to = out.row(row).data + head;
      if (i == 0) *all = {};
      if (all->empty()) {
        *all = *softmax;
        std::copy_n(sums, head_dim, to);
      } else if (!softmax->empty()) {
        add_part(*softmax, sums, attention_scale(head_dim), head_dim, *all, to);
      }
      if (i + 1 < count) continue;
      for (std::size_t k = 0; k < head_dim; ++k) to[k] /= all->total;
    }
  }
}

template <class Format>
void HostAttention::attend(MatrixView<const float> queries, const KvView<Format>& kv, std::size_t first,
                           std::size_t window, MatrixView<float> out) {
  if (queries.rows == 0) return;
  const std::size_t width = queries.cols / kv.kv_heads;
  const std::size_t heads = width / kv.head_dim;
  const std::size_t each = std::min(rows_together(heads), queries.rows);
  const std::size_t row_blocks = (queries.rows + each - 1) / each;
  const std::size_t tasks = row_blocks * kv.kv_heads;
  const auto task_of = [&](std::size_t task) {
    const std::size_t row = task % row_blocks * each;
    return Task{task / row_blocks, row, std::min(each, queries.rows - row)};
  };
  const PositionBlocks blocks(visible(kv, first, window), visible(kv, first + queries.rows - 1, window));
  const std::size_t at_once = std::min(most_parts, most_sums / kv.head_dim) / (each * heads);
  if (blocks.count() > 1 && at_once > tasks && each * heads <= most_queries)
    return attend_in_blocks(queries, kv, first, window, blocks, tasks, task_of, at_once, out);
  execution_.for_each_task(tasks, [&](std::size_t i) {
    const Task task = task_of(i);
    attend_rows<Format>(task.of(queries, width), kv, task.kv_head, first + task.row, window, task.of(out, width));
  });
}

/// `at_once` blocks of tasks at a time, all blocks of a task before the next one's.
template <class TaskOf, class Format>
void HostAttention::attend_in_blocks(MatrixView<const float> queries, const KvView<Format>& kv, std::size_t first,
                                     std::size_t window, const PositionBlocks& blocks, std::size_t tasks,
                                     const TaskOf& task_of, std::size_t at_once, MatrixView<float> out) {
  const std::size_t width = queries.cols / kv.kv_heads;
  const std::size_t parts = task_of(0).rows * (width / kv.head_dim);  // of queries, in a block
  const std::size_t count = blocks.count();
  std::array<Softmax, most_queries> all;
  for (std::size_t begin = 0; begin < tasks * count; begin += at_once) {
    const std::size_t size = std::min(at_once, tasks * count - begin);
    execution_.for_each_task(size, [&](std::size_t i) {
      const Task task = task_of((begin + i) / count);
      attend_block<Format>(task.of(queries, width), kv, task.kv_head, first + task.row, window,
                           blocks[(begin + i) % count], softmax_.data() + i * parts,
                           sums_.data() + i * parts * kv.head_dim);
    });
    for (std::size_t i = 0; i < size; ++i) {
      put_together((begin + i) % count, count, softmax_.data() + i * parts, sums_.data() + i * parts * kv.head_dim,
                   kv.head_dim, all.data(), task_of((begin + i) / count).of(out, width));
    }
  }
}

}  // namespace asterism::backend
