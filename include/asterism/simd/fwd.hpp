// Names of the room `simd`: products on stored weights, by instruction set.
#pragma once

#include <cstdint>

namespace asterism::simd {

/// An instruction set that products can be computed with.
enum class Level : std::uint8_t { portable, avx2 };

struct Portable;
struct Avx2;

}  // namespace asterism::simd
