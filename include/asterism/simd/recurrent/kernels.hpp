// The kernels of linear attention, by instruction set.
#pragma once

#include "asterism/simd/by_level.hpp"
#include "asterism/simd/recurrent/portable_recurrent.hpp"

#if defined(__x86_64__)
#include "asterism/simd/recurrent/avx2_recurrent.hpp"
#include "asterism/simd/recurrent/avx512_recurrent.hpp"
#elif defined(__aarch64__)
#include "asterism/simd/recurrent/neon_recurrent.hpp"
#endif

namespace asterism::simd {

#if defined(__x86_64__)
using RecurrentKernels = ByLevel<On<Level::portable, PortableRecurrent>, On<Level::avx2, Avx2Recurrent>,
                                 On<Level::avx512, Avx512Recurrent>>;
#elif defined(__aarch64__)
using RecurrentKernels = ByLevel<On<Level::portable, PortableRecurrent>, On<Level::neon, NeonRecurrent>>;
#else
using RecurrentKernels = ByLevel<On<Level::portable, PortableRecurrent>>;
#endif

}  // namespace asterism::simd
