// Exact search among unit rows in memory of a GPU. Plain C++.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "asterism/backend/arena.hpp"
#include "asterism/backend/layout.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/view.hpp"
#include "asterism/cuda/backend.hpp"
#include "asterism/cuda/knowledge/nearest.hpp"
#include "asterism/cuda/launchers.hpp"

namespace asterism::cuda {

/// The sizes that FlatRows is made for.
struct FlatRowsLimits {
  std::size_t width = 0;     ///< of rows and queries, at least 1
  std::uint32_t rows = 0;    ///< at least 1
  std::size_t queries = 64;  ///< of a search, 1 to 65535
  std::size_t k = 100;       ///< hits of a query, 1 to 1024
};

/// Unit rows with their ids on a GPU, and the k of them of greatest cosine with each query: what an index::Flat of
/// float32 on the host finds, with rounding of its own. Scores descend, of equal ones the lower id comes first; a query
/// has the same bits in any batch. Draws bytes(limits) from the device's arena when it is made. Members wait for the
/// GPU. Not thread-safe; the device outlives it.
class FlatRows {
 public:
  /// InvalidArgument for sizes out of range, BudgetExceeded where the arena has too little.
  FlatRows(Backend& device, FlatRowsLimits limits)
      : device_(&device),
        limits_(checked(limits)),
        buffer_(device.allocate(bytes(limits), "vectors of an index")),
        parts_(cut(buffer_, limits)) {}

  static constexpr Bytes bytes(FlatRowsLimits limits) {
    backend::Layout layout;
    const Parts parts(layout, limits);
    return layout.used();
  }
  std::size_t size() const { return size_; }

  /// Rows (n, width) of length 1 under ids, none twice and none Ranked::none, in place of those before.
  /// InvalidArgument where the sizes don't fit.
  void assign(View<const std::uint32_t> ids, MatrixView<const float> units) {
    if (ids.size != units.rows || ids.size > limits_.rows || (ids.size > 0 && units.cols != limits_.width)) {
      throw InvalidArgument(concat("assign: ", ids.size, " ids and rows (", units.rows, ", ", units.cols,
                                   ") for at most (", limits_.rows, ", ", limits_.width, ")"));
    }
    size_ = 0;
    copy(MatrixView<const std::uint32_t>(ids.data, 1, ids.size), parts_.ids);
    copy(units, parts_.rows);
    device_->queue().wait();
    size_ = ids.size;
  }

  /// Unit queries (q, width), out (q, k). `allowed`: bit r of it lets row r, as `assign` got it, be found; without
  /// any words all may be. Places without a hit get Ranked(). InvalidArgument where the sizes don't fit.
  void search(MatrixView<const float> queries, View<const std::uint64_t> allowed, MatrixView<Ranked> out) {
    const std::size_t words = (size_ + 63) / 64;
    if (queries.rows != out.rows || queries.rows > limits_.queries || out.cols < 1 || out.cols > limits_.k ||
        (queries.rows > 0 && queries.cols != limits_.width) || (allowed.size != 0 && allowed.size != words)) {
      throw InvalidArgument(concat("search: queries (", queries.rows, ", ", queries.cols, "), ", allowed.size,
                                   " words of allowed rows, out (", out.rows, ", ", out.cols, ") for at most (",
                                   limits_.queries, ", ", limits_.width, "), 0 or ", words, ", k ", limits_.k));
    }
    if (queries.rows == 0) return;
    copy(queries, parts_.queries);
    copy(MatrixView<const std::uint64_t>(allowed.data, 1, allowed.size), parts_.allowed);
    const MatrixView<Ranked> hits(parts_.hits.data, out.rows, out.cols);
    launch::nearest(device_->queue(),
                    {.rows = part(parts_.rows, size_),
                     .ids = {parts_.ids.data, size_},
                     .allowed = {parts_.allowed.data, allowed.size},
                     .queries = part(parts_.queries, queries.rows),
                     .partial = {parts_.partial.data, queries.rows, Nearest::slices(size_) * out.cols},
                     .out = hits});
    copy(MatrixView<const Ranked>(hits), out);
    device_->queue().wait();
  }

 private:
  struct Parts {
    constexpr Parts(backend::Layout& layout, FlatRowsLimits limits)
        : rows(layout.matrix<float>(limits.rows, limits.width).view),
          ids(layout.matrix<std::uint32_t>(1, limits.rows).view),
          allowed(layout.matrix<std::uint64_t>(1, (limits.rows + std::size_t{63}) / 64).view),
          queries(layout.matrix<float>(limits.queries, limits.width).view),
          partial(layout.matrix<std::uint64_t>(limits.queries, Nearest::slices(limits.rows) * limits.k).view),
          hits(layout.matrix<Ranked>(limits.queries, limits.k).view) {}
    MatrixView<float> rows;
    MatrixView<std::uint32_t> ids;
    MatrixView<std::uint64_t> allowed;
    MatrixView<float> queries;
    MatrixView<std::uint64_t> partial;
    MatrixView<Ranked> hits;
  };

  static FlatRowsLimits checked(FlatRowsLimits limits) {
    if (limits.width < 1 || limits.rows < 1 || limits.queries < 1 || limits.queries > 65535 || limits.k < 1 ||
        limits.k > Nearest::slice) {
      throw InvalidArgument("FlatRowsLimits: width and rows are at least 1, queries 1 to 65535, k 1 to 1024");
    }
    return limits;
  }
  static Parts cut(const backend::Buffer& buffer, FlatRowsLimits limits) {
    backend::Layout layout(buffer);
    return {layout, limits};
  }
  static MatrixView<const float> part(MatrixView<float> all, std::size_t rows) {
    return {all.data, rows, all.cols, all.stride};
  }
  template <class T>
  void copy(MatrixView<const T> from, MatrixView<T> to) {
    device_->queue().copy(from.data, from.stride * sizeof(T), to.data, to.stride * sizeof(T),
                          from.cols * sizeof(T), from.rows);
  }

  Backend* device_;
  FlatRowsLimits limits_;
  backend::Buffer buffer_;
  Parts parts_;
  std::size_t size_ = 0;
};

}  // namespace asterism::cuda
