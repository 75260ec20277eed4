// Forward declarations of the room `simd`: products on stored weights, by instruction set.
#pragma once

#include <cstdint>

namespace asterism::simd {

/// An instruction set that kernels are compiled for; see `levels`.
enum class Level : std::uint8_t { portable, avx2, avxvnni, avx512, amx, neon, dotprod, i8mm };

struct Portable;
struct Avx2;
struct Avx512;

struct PortableVector;
struct Avx2StoredRow;
struct Avx2Vector;
struct Avx512StoredRow;
struct Avx512Vector;

struct PortableRecurrent;
struct Avx2Recurrent;
struct Avx512Recurrent;
struct DeltaBlock;

struct Float32Row;
struct WidenedRow;
struct Float16Row;
template <int Group>
struct Int8Row;
template <class Row>
struct StoredRows;

}  // namespace asterism::simd
