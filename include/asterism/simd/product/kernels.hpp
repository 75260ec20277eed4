// The kernels of exact products, by instruction set.
#pragma once

#include "asterism/simd/by_level.hpp"
#include "asterism/simd/product/portable.hpp"
#include "asterism/simd/product/tile.hpp"

#if defined(__x86_64__)
#include "asterism/simd/product/avx2.hpp"
#include "asterism/simd/product/avx512.hpp"
#elif defined(__aarch64__)
#include "asterism/simd/product/neon.hpp"
#endif

namespace asterism::simd {

#if defined(__x86_64__)
using ProductKernels =
    ByLevel<On<Level::portable, Tiled<Portable>>, On<Level::avx2, Tiled<Avx2>>, On<Level::avx512, Avx512>>;
#elif defined(__aarch64__)
using ProductKernels = ByLevel<On<Level::portable, Tiled<Portable>>, On<Level::neon, Tiled<Neon>>>;
#else
using ProductKernels = ByLevel<On<Level::portable, Tiled<Portable>>>;
#endif

}  // namespace asterism::simd
