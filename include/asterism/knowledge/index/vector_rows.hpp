// The vectors of an index as they are: unit rows in float32, with their ids.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "asterism/backend/layout.hpp"
#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/knowledge/index/limits.hpp"
#include "asterism/knowledge/index/row_ids.hpp"
#include "asterism/knowledge/types.hpp"
#include "asterism/quant/float32.hpp"
#include "asterism/quant/kernel_order.hpp"

namespace asterism::index {

/// Throws BadVector unless all vectors, each called `what` with its number, are `dim` wide, finite and not all zeros.
void check_vectors(std::size_t dim, MatrixView<const float> vectors, const char* what);

/// Throws as VectorIndex::insert, but for IndexFull.
void check_rows(std::size_t dim, View<const knowledge::NodeId> ids, MatrixView<const float> vectors);

/// Throws IndexFull unless the ids that `known` has not fit beside it.
void check_room(const RowIds& known, View<const knowledge::NodeId> ids);

/// Writes x / |x| in float32 (the length in double), and zeros behind it. x as check_vectors wants it; out at least as
/// wide.
void write_unit(View<const float> x, View<float> out);

/// Throws as VectorIndex::search.
void check_search(std::size_t dim, MatrixView<const float> queries, std::size_t k,
                  MatrixView<const knowledge::Hit> out);

/// The queries as unit rows of `width` numbers. Throws as VectorIndex::search.
std::vector<float> unit_queries(std::size_t dim, std::size_t width, MatrixView<const float> queries, std::size_t k,
                                MatrixView<const knowledge::Hit> out);

/// Unit rows in float32 with their ids, over borrowed memory. Const members may be called from several threads at once.
class VectorRows {
 public:
  /// Lies in the next pieces of `layout`; without a buffer only measures.
  constexpr VectorRows(backend::Layout& layout, knowledge::IndexLimits limits)
      : dim_(limits.dim),
        vectors_(layout.matrix<float>(limits.rows, limits.width()).view),
        id_memory_(layout.matrix<knowledge::NodeId>(1, limits.rows).view),
        table_(layout.matrix<std::uint32_t>(1, RowIds::places(limits.rows)).view) {}

  /// Empties it: memory of an arena holds anything.
  void clear() { ids_ = RowIds({id_memory_.data, id_memory_.cols}, {table_.data, table_.cols}); }

  std::size_t dim() const { return dim_; }
  std::size_t width() const { return vectors_.cols; }
  const RowIds& ids() const { return ids_; }
  std::size_t size() const { return ids_.size(); }
  View<const float> row(std::size_t i) const { return vectors_.row(i); }
  /// Rows [first, first + count) as weights of a product.
  quant::KernelMatrixRef<quant::Float32> rows(std::size_t first, std::size_t count) const {
    return {reinterpret_cast<const std::byte*>(vectors_.data + first * vectors_.stride), count, width()};
  }

  /// Stores a vector that check_rows lets pass, with room for it; returns its row.
  std::uint32_t put(knowledge::NodeId id, View<const float> vector);
  /// Forgets an id; returns the row that another vector has moved to, or, if none had to, the number of rows left.
  /// Nothing if there is no such id.
  std::optional<std::uint32_t> remove(knowledge::NodeId id);

 private:
  std::size_t dim_;
  MatrixView<float> vectors_;
  MatrixView<knowledge::NodeId> id_memory_;
  MatrixView<std::uint32_t> table_;
  RowIds ids_;
};

}  // namespace asterism::index

#if !defined(ASTERISM_COMPILED)
#include "asterism/knowledge/index/vector_rows_impl.hpp"
#endif
