// Bodies of row_ids.hpp.
#pragma once

#include <bit>

#include "asterism/knowledge/index/row_ids.hpp"

namespace asterism::index {

ASTERISM_INLINE RowIds::RowIds(View<knowledge::NodeId> ids, View<std::uint32_t> table)
    : ids_(ids), table_(table), shift_(32U - static_cast<unsigned>(std::countr_zero(table.size))) {
  for (std::uint32_t& row : table_) row = none;
}

/// Where the id stands, or the free place where it would.
ASTERISM_INLINE std::size_t RowIds::place(knowledge::NodeId id) const {
  std::size_t at = home(id);
  while (table_[at] != none && ids_[table_[at]] != id) at = (at + 1) & (table_.size - 1);
  return at;
}

ASTERISM_INLINE std::uint32_t RowIds::find(knowledge::NodeId id) const { return table_[place(id)]; }

ASTERISM_INLINE std::uint32_t RowIds::add(knowledge::NodeId id) {
  std::uint32_t& row = table_[place(id)];
  if (row == none) {
    row = static_cast<std::uint32_t>(size_);
    ids_[size_++] = id;
  }
  return row;
}

ASTERISM_INLINE void RowIds::remove(std::uint32_t row) {
  const std::size_t mask = table_.size - 1;
  std::size_t hole = place(ids_[row]);
  for (std::size_t at = (hole + 1) & mask; table_[at] != none; at = (at + 1) & mask) {
    // Moves back what stands behind its home because of the hole.
    if (((at - home(ids_[table_[at]])) & mask) < ((at - hole) & mask)) continue;
    table_[hole] = table_[at];
    hole = at;
  }
  table_[hole] = none;
  --size_;
  if (row == size_) return;
  table_[place(ids_[size_])] = row;
  ids_[row] = ids_[size_];
}

}  // namespace asterism::index
