// Which row an id lies in.
#pragma once

#include <cstddef>
#include <cstdint>

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/knowledge/types.hpp"

namespace asterism::index {

/// A table from ids to rows, over borrowed memory: a hash table with open addressing, at most half full. Rows are
/// 0 ... size - 1 without a gap. Allocates nothing. Const members may be called from several threads at once.
/// Source: Knuth, The Art of Computer Programming 3, section 6.4, algorithms L and R.
class RowIds {
 public:
  static constexpr std::uint32_t none = ~std::uint32_t{0};

  /// Places of the table for `rows` rows: a power of two, at least twice as many.
  static constexpr std::size_t places(std::uint32_t rows) {
    std::size_t count = 16;
    while (count < 2 * std::size_t{rows}) count *= 2;
    return count;
  }

  RowIds() = default;
  /// `ids` has a place for each row, `table` places(rows) of them.
  RowIds(View<knowledge::NodeId> ids, View<std::uint32_t> table);

  std::size_t size() const { return size_; }
  std::size_t capacity() const { return ids_.size; }
  /// The ids, by row.
  View<const knowledge::NodeId> ids() const { return {ids_.data, size_}; }
  /// The row of an id, or `none`.
  std::uint32_t find(knowledge::NodeId id) const;
  /// The row of an id, which gets the next one if it has none. There has to be room.
  std::uint32_t add(knowledge::NodeId id);
  /// Takes out the id of a row; the id of the last row gets its row.
  void remove(std::uint32_t row);

 private:
  std::size_t home(knowledge::NodeId id) const { return (id.value * 0x9E3779B1U) >> shift_; }
  std::size_t place(knowledge::NodeId id) const;

  View<knowledge::NodeId> ids_;
  View<std::uint32_t> table_;  // a row, or `none`
  unsigned shift_ = 0;
  std::size_t size_ = 0;
};

}  // namespace asterism::index

#if !defined(ASTERISM_COMPILED)
#include "asterism/knowledge/index/row_ids_impl.hpp"
#endif
