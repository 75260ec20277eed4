// The operations of Gated DeltaNet on the CPU, on checked operands.
#pragma once

#include "asterism/backend/delta_heads.hpp"
#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/parallel/execution_ref.hpp"

namespace asterism::backend {

/// HostDevice's operations of these names, which documents shapes and bounds. None checks or allocates; stack below
/// 32 KiB.
void causal_convolution(parallel::ExecutionRef execution, MatrixView<const float> x,
                        MatrixView<const float> weights, MatrixView<const float> before, MatrixView<float> after,
                        MatrixView<float> y);
void delta_gates(parallel::ExecutionRef execution, const DeltaHeads& heads, MatrixView<const float> ba,
                 View<const float> rate, View<const float> dt_bias, MatrixView<float> decay,
                 MatrixView<float> beta);
void delta_rule(parallel::ExecutionRef execution, const DeltaHeads& heads, MatrixView<const float> qkv,
                MatrixView<const float> decay, MatrixView<const float> beta, MatrixView<const float> before,
                MatrixView<float> after, MatrixView<float> out);
void gated_rms_norm(parallel::ExecutionRef execution, MatrixView<const float> x, View<const float> weight,
                    float epsilon, MatrixView<const float> z, MatrixView<float> y);

}  // namespace asterism::backend

#if !defined(ASTERISM_COMPILED)
#include "asterism/backend/host_recurrent_impl.hpp"
#endif
