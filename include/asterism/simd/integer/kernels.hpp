// The kernels of integer products, by instruction set.
#pragma once

#include "asterism/simd/by_level.hpp"
#include "asterism/simd/integer/portable_k_rows.hpp"
#include "asterism/simd/integer/portable_tiles.hpp"
#include "asterism/simd/integer/quantize_row.hpp"

#if defined(__x86_64__)
#include "asterism/simd/integer/amx_tiles.hpp"
#include "asterism/simd/integer/avx2_k_rows.hpp"
#include "asterism/simd/integer/avx2_quantize.hpp"
#include "asterism/simd/integer/avx2_tiles.hpp"
#include "asterism/simd/integer/avx512_tiles.hpp"
#elif defined(__aarch64__)
#include "asterism/simd/integer/neon_k_rows.hpp"
#include "asterism/simd/integer/neon_quantize.hpp"
#include "asterism/simd/integer/neon_tiles.hpp"
#endif

namespace asterism::simd {

#if defined(__x86_64__)
using TileKernels =
    ByLevel<On<Level::portable, PortableTiles>, On<Level::avx2, Avx2Tiles>, On<Level::avxvnni, AvxVnniTiles>,
            On<Level::avx512, Avx512Tiles>, On<Level::amx, AmxTiles>>;
using QuantizeKernels = ByLevel<On<Level::portable, PortableQuantize>, On<Level::avx2, Avx2Quantize>>;
using KRowKernels = ByLevel<On<Level::portable, PortableKRows>, On<Level::avx2, Avx2KRows>>;
#elif defined(__aarch64__)
using TileKernels = ByLevel<On<Level::portable, PortableTiles>, On<Level::neon, NeonTiles>,
                            On<Level::dotprod, DotprodTiles>, On<Level::i8mm, I8mmTiles>>;
using QuantizeKernels = ByLevel<On<Level::portable, PortableQuantize>, On<Level::neon, NeonQuantize>>;
using KRowKernels = ByLevel<On<Level::portable, PortableKRows>, On<Level::neon, NeonKRows>>;
#else
using TileKernels = ByLevel<On<Level::portable, PortableTiles>>;
using QuantizeKernels = ByLevel<On<Level::portable, PortableQuantize>>;
using KRowKernels = ByLevel<On<Level::portable, PortableKRows>>;
#endif

}  // namespace asterism::simd
