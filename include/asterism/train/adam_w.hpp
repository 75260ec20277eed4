// AdamW: Adam with weight decay apart from the gradient.
#pragma once

#include <cstddef>
#include <cstdint>

#include "asterism/core/bytes.hpp"
#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/parallel/execution_ref.hpp"
#include "asterism/train/parameter.hpp"

namespace asterism::train {

/// Models Optimizer. With gradient g in step t:
///
///     w -= rate decay w;  m += (1 - beta1) (g - m);  v = beta2 v + (1 - beta2) g g
///     w -= rate m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + epsilon)
///
/// State: m, then v, fp32, each from a multiple of 64 bytes: 8 bytes an element. Reads 16 and writes 12 bytes an
/// element: memory-bound. Source: Loshchilov and Hutter, Decoupled Weight Decay Regularization, arXiv 1711.05101, as
/// torch.optim.AdamW computes it (difference below 1e-6 of a step).
struct AdamW {
  float rate = 1e-4F;     ///< > 0: peak of the learning rate
  float beta1 = 0.9F;     ///< in [0, 1)
  float beta2 = 0.95F;    ///< in [0, 1)
  float epsilon = 1e-8F;  ///< > 0
  float decay = 0.01F;    ///< >= 0, for parameters that decay

  static constexpr Bytes state_bytes(Kind /*kind*/, std::size_t rows, std::size_t cols) {
    return Bytes{aligned(checked_product(checked_product(rows, cols), sizeof(float)))} * 2;
  }
  static constexpr Bytes work_bytes(Kind /*kind*/, std::size_t /*rows*/, std::size_t /*cols*/) { return {}; }

  /// Zeros.
  void initialise(const Parameter& parameter) const;
  void update(const parallel::ExecutionRef& execution, const Parameter& parameter, std::int64_t step,
              float step_rate, View<std::byte> work) const;

  friend constexpr bool operator==(const AdamW&, const AdamW&) = default;
};

}  // namespace asterism::train

#if !defined(ASTERISM_COMPILED)
#include "asterism/train/adam_w_impl.hpp"
#endif
