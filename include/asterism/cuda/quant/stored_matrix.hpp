// A packed matrix as kernels see it: plain numbers in place of a format's type.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include "asterism/backend/fwd.hpp"
#include "asterism/quant/fwd.hpp"
#include "asterism/quant/one_of.hpp"

namespace asterism::cuda {

/// The formats that kernels support. Kernels are compiled once for each, for any size of Nf4's blocks and any
/// ScaleRule.
enum class Storage : std::uint8_t { float32, bfloat16, float16, nf4, nf4_double_quantized };

/// A matrix (rows, cols), row-major, in one of these formats. `data` is device memory; offsets are in bytes from
/// there.
struct StoredMatrix {
  const std::byte* data = nullptr;
  std::uint64_t rows = 0;
  std::uint64_t cols = 0;
  Storage storage = Storage::float32;
  int block_bits = 0;        ///< nf4: a scale serves 2^block_bits elements of the flat matrix
  std::uint64_t scales = 0;  ///< nf4: offset of the scales, float32 or 8-bit codes
  std::uint64_t nested_scales =
      0;                     ///< nf4_double_quantized: offset of the nested scales, one float32 per 256 scales
  std::uint64_t offset = 0;  ///< nf4_double_quantized: offset of the float32 added to every scale
};

/// Maps a format to its Storage; the primary template: unsupported.
template <class Format>
struct StorageOf {
  static_assert(sizeof(Format*) == 0,
                "cuda::Backend knows weights in quant::Float32, quant::BFloat16, quant::Float16 and "
                "quant::Nf4<Block, PlainScales or DoubleQuantized>, and no other format");
};
template <>
struct StorageOf<quant::Float32> {
  static constexpr Storage storage = Storage::float32;
};
template <>
struct StorageOf<quant::BFloat16> {
  static constexpr Storage storage = Storage::bfloat16;
};
template <>
struct StorageOf<quant::Float16> {
  static constexpr Storage storage = Storage::float16;
};
template <int Block, class ScaleRule>
struct StorageOf<quant::Nf4<Block, quant::PlainScales, ScaleRule>> {
  static constexpr Storage storage = Storage::nf4;
  static constexpr int block = Block;
};
template <int Block, class ScaleRule>
struct StorageOf<quant::Nf4<Block, quant::DoubleQuantized, ScaleRule>> {
  static constexpr Storage storage = Storage::nf4_double_quantized;
  static constexpr int block = Block;
};

/// The same weights for a kernel. Does not compile for formats that kernels do not support.
template <class Format>
StoredMatrix stored(const backend::DeviceWeights<Format>& weights) {
  using Known = StorageOf<Format>;
  StoredMatrix out{.data = weights.data, .rows = weights.rows, .cols = weights.cols, .storage = Known::storage};
  if constexpr (Known::storage == Storage::nf4 || Known::storage == Storage::nf4_double_quantized) {
    const auto planes = Format::planes(weights.rows, weights.cols);
    out.block_bits = std::countr_zero(static_cast<unsigned>(Known::block));
    out.scales = planes[1].offset;
    if constexpr (Known::storage == Storage::nf4_double_quantized) {
      out.nested_scales = planes[2].offset;
      out.offset = planes[3].offset;
    }
  }
  return out;
}

/// The same for weights in one of several formats: which, kernels see at run time as it is.
template <quant::Tagged Format>
StoredMatrix stored(const backend::DeviceWeights<Format>& weights) {
  StoredMatrix out;
  weights.visit([&](const auto& one) { out = stored(one); });
  return out;
}

}  // namespace asterism::cuda
