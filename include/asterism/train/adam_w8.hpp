// AdamW that keeps its states in 8 bits: a quarter of AdamW's memory.
#pragma once

#include <cstddef>
#include <cstdint>

#include "asterism/core/bytes.hpp"
#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/parallel/execution_ref.hpp"
#include "asterism/train/adam_w.hpp"
#include "asterism/train/parameter.hpp"

namespace asterism::train {

/// Models Optimizer. AdamW's step in fp32; between steps m and v are codes of 8 bits in blocks of 256 elements, each
/// block relative to its largest magnitude: m on the signed dynamic map, v on the unsigned one, each value as the
/// nearest of 256. Tensors of fewer than 4096 elements keep fp32 states, as AdamW does.
///
/// State of the others: codes of m, codes of v, scales of m, scales of v (fp32, one a block), each from a multiple of
/// 64 bytes: 2.03 bytes an element. Source: Dettmers and others, 8-bit Optimizers via Block-wise Quantization, arXiv
/// 2110.02861, as bitsandbytes' reference computes it (backends/default: exact nearest codes. Its compiled CPU code
/// looks codes up by 16 bits of the value instead, which turns v = 0 into 1.6e-5 of a block's largest; its CUDA code
/// also keeps the sign of m).
struct AdamW8 {
  float rate = 1e-4F;     ///< > 0: peak of the learning rate
  float beta1 = 0.9F;     ///< in [0, 1)
  float beta2 = 0.95F;    ///< in [0, 1)
  float epsilon = 1e-8F;  ///< > 0
  float decay = 0.01F;    ///< >= 0, for parameters that decay

  static constexpr std::size_t block = 256;         ///< elements that share a scale
  static constexpr std::size_t least_coded = 4096;  ///< elements of the smallest tensor with 8-bit states

  static constexpr Bytes state_bytes(Kind kind, std::size_t rows, std::size_t cols) {
    const std::uint64_t size = checked_product(rows, cols);
    if (size < least_coded) return AdamW::state_bytes(kind, rows, cols);
    return (Bytes{aligned(size)} + Bytes{aligned(blocks(size) * sizeof(float))}) * 2;
  }
  static constexpr Bytes work_bytes(Kind /*kind*/, std::size_t /*rows*/, std::size_t /*cols*/) { return {}; }

  /// Blocks of a tensor of `size` elements; the last one may be short.
  static constexpr std::uint64_t blocks(std::uint64_t size) { return (size + block - 1) / block; }

  /// Scales of zero.
  void initialise(const Parameter& parameter) const;
  void update(const parallel::ExecutionRef& execution, const Parameter& parameter, std::int64_t step,
              float step_rate, View<std::byte> work) const;

  friend constexpr bool operator==(const AdamW8&, const AdamW8&) = default;
};

}  // namespace asterism::train

#if !defined(ASTERISM_COMPILED)
#include "asterism/train/adam_w8_impl.hpp"
#endif
