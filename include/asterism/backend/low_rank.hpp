// What an adapter adds to a product: the second of its two narrow matrices.
#pragma once

#include <cstddef>

#include "asterism/backend/operand.hpp"
#include "asterism/core/config.hpp"
#include "asterism/quant/float_storage.hpp"

namespace asterism::backend {

/// scale B of an adapter scale B A of a matrix (outputs, inputs), on a device. The columns of B are stored one behind
/// the other, as rows of a matrix (rank, outputs). Without data there is none. Source: Hu et al., LoRA, arXiv
/// 2106.09685.
template <quant::PlainFloat Format>
struct LowRankColumns {
  DeviceWeights<Format> columns{};
  float scale = 0;
};

/// One of several sums of the same rows: y += scale B inner; inner (n, rank), y (n, outputs).
template <quant::PlainFloat Format>
struct LowRankSum {
  LowRankColumns<Format> b;
  DeviceMatrix<const float> inner;
  DeviceMatrix<float> y;
};

/// Rows [first, first + count) of a pass.
struct RowRange {
  std::size_t first = 0;
  std::size_t count = 0;

  ASTERISM_HD constexpr bool contains(std::size_t row) const { return row >= first && row - first < count; }
};

}  // namespace asterism::backend
