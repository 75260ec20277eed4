// Which row each label of an engine stands for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "asterism/knowledge/index/row_ids.hpp"

namespace asterism::index {

/// Labels 0, 1, 2 ..., which are given to rows and never taken back: the label of a row that is erased or replaced
/// becomes a tombstone. Rows are 0 ... rows() - 1 without a gap; one may have no label. Const members may be called
/// from several threads at once.
class Labels {
 public:
  static constexpr std::uint32_t none = RowIds::none;

  Labels() = default;
  /// The row of each label, or `none`, for `rows` rows of which each has one label at most.
  Labels(std::vector<std::uint32_t> row_of, std::size_t rows) : label_of_(rows, none), row_of_(std::move(row_of)) {
    for (std::size_t label = 0; label < row_of_.size(); ++label) {
      if (row_of_[label] == none) {
        ++dead_;
      } else {
        label_of_[row_of_[label]] = static_cast<std::uint32_t>(label);
      }
    }
  }

  std::size_t rows() const { return label_of_.size(); }
  /// Labels given, tombstones among them.
  std::size_t size() const { return row_of_.size(); }
  std::size_t tombstones() const { return dead_; }
  /// The row of a label; `none` of a tombstone.
  std::uint32_t row(std::size_t label) const { return row_of_[label]; }

  /// New rows behind the others, without labels.
  void grow(std::size_t rows) { label_of_.resize(rows, none); }
  /// The row has no label any more.
  void bury(std::uint32_t row) {
    if (label_of_[row] == none) return;
    row_of_[label_of_[row]] = none;
    label_of_[row] = none;
    ++dead_;
  }
  /// The row, which has none, gets the next label.
  void give(std::uint32_t row) {
    label_of_[row] = static_cast<std::uint32_t>(row_of_.size());
    row_of_.push_back(row);
  }
  /// The row is gone, and the last one has moved there, unless this was it.
  void erase(std::uint32_t row) {
    bury(row);
    label_of_[row] = label_of_.back();
    label_of_.pop_back();
    if (row < label_of_.size() && label_of_[row] != none) row_of_[label_of_[row]] = row;
  }

 private:
  std::vector<std::uint32_t> label_of_;  // by row
  std::vector<std::uint32_t> row_of_;    // by label
  std::size_t dead_ = 0;
};

}  // namespace asterism::index
