// The vectors of an index as integers: what its first pass reads.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "asterism/backend/layout.hpp"
#include "asterism/core/view.hpp"
#include "asterism/knowledge/fwd.hpp"
#include "asterism/knowledge/index/limits.hpp"
#include "asterism/knowledge/index/scan.hpp"
#include "asterism/quant/float32.hpp"
#include "asterism/quant/group_int.hpp"
#include "asterism/quant/weight_source.hpp"
#include "asterism/simd/integer_product.hpp"

namespace asterism::index {

/// A second copy of the rows in a format of integers, in kernel order, in blocks of 4096 rows over borrowed memory.
/// Const members may be called from several threads at once.
template <class Format>
class Codes {
 public:
  static_assert(simd::IntegerFormat<Format> && 32 % Format::group == 0, "the first pass is a product of integers");
  static constexpr std::size_t block_rows = 4096;

  /// Lies in the next pieces of `layout`, which has a buffer.
  Codes(backend::Layout& layout, knowledge::IndexLimits limits) : width_(limits.width()) {
    cut(layout, limits, [&](backend::DeviceWeights<Format> block) { blocks_.push_back(block); });
  }
  static constexpr void measure(backend::Layout& layout, knowledge::IndexLimits limits) {
    cut(layout, limits, [](backend::DeviceWeights<Format>) {});
  }

  /// Stores a unit row.
  void write(std::size_t row, View<const float> values) {
    const backend::DeviceWeights<Format>& block = blocks_[row / block_rows];
    const quant::Planes planes = Format::planes(1, width_);
    std::vector<std::byte> standard(planes.bytes().count);
    Format::encode(quant::FloatWeights{values}, 1, width_, standard.data());
    const quant::TiledRow to = quant::tiled_row(block.kernel_matrix(), row % block_rows);
    std::byte* codes = block.data + (to.codes - block.data);
    for (std::size_t u = 0; u < planes[0].bytes / 4; ++u) {
      std::memcpy(codes + u * to.stride, standard.data() + 4 * u, 4);
    }
    std::byte* scales = block.data + Format::planes(block.rows, width_)[1].offset;
    for (std::size_t b = 0; b < planes[1].bytes / 2; ++b) {
      std::memcpy(scales + 2 * to.scale(b), standard.data() + planes[1].offset + 2 * b, 2);
    }
  }

  /// The best of all rows that the filter allows by their codes; queries are unit rows.
  void scan(View<const knowledge::NodeId> ids, MatrixView<const float> queries, const knowledge::Filter& filter,
            parallel::ExecutionRef execution, MatrixView<knowledge::Hit> out) const {
    constexpr std::size_t most = 32;
    std::vector<std::uint64_t> memory(simd::Rows8::bytes(queries.rows, width_).count / 8 + 8);
    const auto address = reinterpret_cast<std::uintptr_t>(memory.data());
    std::byte* first = reinterpret_cast<std::byte*>(memory.data()) + (aligned(address) - address);
    const simd::Rows8 x = simd::Rows8::in(first, queries.rows, width_, simd::activation_order<Format>);
    for (std::size_t q = 0; q < queries.rows; ++q) simd::to_activations8(queries.row(q).data, x, q, 0, width_);
    const ScanCut cut{.piece = 512, .queries = most, .scratch = std::min(most, queries.rows) * block_rows};
    index::scan(ids, filter, cut, execution, out,
                [&](std::size_t query, std::size_t count, std::size_t row, std::size_t n, float* scratch,
                    simd::Level use) {
                  const backend::DeviceWeights<Format>& block = blocks_[row / block_rows];
                  const std::size_t at = row % block_rows;
                  const MatrixView<float> scores(scratch, count, static_cast<std::size_t>(block.rows));
                  simd::product(block.kernel_matrix(), x.rows_at(query, count), scores, at, n, use);
                  return MatrixView<const float>(scratch + at, count, n, scores.stride);
                });
  }

 private:
  template <class Use>
  static constexpr void cut(backend::Layout& layout, knowledge::IndexLimits limits, Use use) {
    for (std::size_t row = 0; row < limits.rows; row += block_rows) {
      const std::size_t left = (limits.rows - row + quant::tile_rows - 1) / quant::tile_rows * quant::tile_rows;
      use(layout.weights<Format>(left < block_rows ? left : block_rows, limits.width()));
    }
  }

  std::size_t width_;
  std::vector<backend::DeviceWeights<Format>> blocks_;
};

/// Nothing besides the rows in float32.
template <>
class Codes<quant::Float32> {
 public:
  Codes(backend::Layout& /*layout*/, knowledge::IndexLimits /*limits*/) {}
  static constexpr void measure(backend::Layout& /*layout*/, knowledge::IndexLimits /*limits*/) {}
  static void write(std::size_t /*row*/, View<const float> /*values*/) {}
};

}  // namespace asterism::index
