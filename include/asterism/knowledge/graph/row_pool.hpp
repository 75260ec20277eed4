// Rows of one type that come and go, in memory that stays.
#pragma once

#include <cstddef>
#include <cstdint>

#include "asterism/core/view.hpp"

namespace asterism::knowledge::detail {

/// Over borrowed memory. Rows that were given back are taken again first; they are chained through a member that their
/// type lends.
template <class Row, std::uint32_t Row::*next>
class RowPool {
 public:
  static constexpr std::uint32_t none = ~std::uint32_t{0};

  RowPool() = default;
  explicit RowPool(View<Row> rows) : rows_(rows) {}

  void clear() {
    end_ = 0;
    used_ = 0;
    free_ = none;
  }
  std::size_t used() const { return used_; }
  std::size_t room() const { return rows_.size - used_; }
  /// Above all rows that were ever taken.
  std::uint32_t end() const { return end_; }

  /// A row with the default's values. There has to be room.
  std::uint32_t take() {
    ++used_;
    const std::uint32_t row = free_ == none ? end_++ : free_;
    if (row == free_) free_ = rows_[row].*next;
    rows_[row] = Row{};
    return row;
  }
  void give_back(std::uint32_t row) {
    --used_;
    rows_[row] = Row{};
    rows_[row].*next = free_;
    free_ = row;
  }

  Row& operator[](std::uint32_t row) { return rows_[row]; }
  const Row& operator[](std::uint32_t row) const { return rows_[row]; }

 private:
  View<Row> rows_;
  std::size_t used_ = 0;
  std::uint32_t end_ = 0;
  std::uint32_t free_ = none;
};

}  // namespace asterism::knowledge::detail
