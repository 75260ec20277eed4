// A format that kernels do not know does not compile, and the message lists those that they know.
// expected: cuda::Backend knows weights in quant::Float32, quant::BFloat16, quant::Float16
#include "asterism/cuda/backend.hpp"
#include "asterism/quant/float32.hpp"
#include "asterism/quant/group_int.hpp"

using namespace asterism;

#ifndef SOUND
using Format = quant::Int4<32>;
#else
using Format = quant::Float32;
#endif

void product(cuda::Backend& gpu, backend::DeviceWeights<Format> weights, backend::DeviceMatrix<float> x) {
  gpu.product(weights, x, x);
}
