// The kernels of attention's operations on vectors, by instruction set.
#pragma once

#include "asterism/simd/attention/portable_vector.hpp"
#include "asterism/simd/by_level.hpp"

#if defined(__x86_64__)
#include "asterism/simd/attention/avx2_vector.hpp"
#include "asterism/simd/attention/avx512_vector.hpp"
#elif defined(__aarch64__)
#include "asterism/simd/attention/neon_vector.hpp"
#endif

namespace asterism::simd {

#if defined(__x86_64__)
using VectorKernels =
    ByLevel<On<Level::portable, PortableVector>, On<Level::avx2, Avx2Vector>, On<Level::avx512, Avx512Vector>>;
using RowKernels = ByLevel<On<Level::portable, PortableVector>, On<Level::avx2, Avx2Vector>>;
#elif defined(__aarch64__)
using VectorKernels = ByLevel<On<Level::portable, PortableVector>, On<Level::neon, NeonVector>>;
using RowKernels = VectorKernels;
#else
using VectorKernels = ByLevel<On<Level::portable, PortableVector>>;
using RowKernels = VectorKernels;
#endif

}  // namespace asterism::simd
