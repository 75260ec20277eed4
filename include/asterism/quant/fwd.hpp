// Forward declarations of the room `quant`: how weights are stored.
#pragma once

#include <cstddef>
#include <cstdint>

namespace asterism::quant {

struct Plane;
struct Planes;
template <class Q>
struct MatrixRef;
class WeightSource;

/// Which of several formats a matrix is in: its place in the list of OneOf.
using Tag = std::uint8_t;
template <class... Formats>
struct OneOf;
struct Gguf;
struct LayerFormats;
struct FeedForwardFormats;

// Formats.
struct Float32;
struct BFloat16;
struct Float16;

// How the scales of Nf4's blocks are stored.
struct PlainScales;
struct DoubleQuantized;

// How codes and activations are multiplied.
template <int Bits, int Block>
struct RowTiles;
template <class Q>
struct KernelMatrixRef;
struct Float32Activations;
template <std::size_t Group>
struct GroupedInt8Activations;
using Int8Activations = GroupedInt8Activations<32>;
using WideInt8Activations = GroupedInt8Activations<64>;

// The value of a code before scaling.
struct Nf4Codes;
template <int Bits>
struct IntegerCodes;

// How the scale of a block is chosen.
struct AbsMax;
struct LeastSquares;
struct SignedLeastSquares;

template <int Block = 64, class Scales = PlainScales, class ScaleRule = AbsMax>
struct Nf4;

template <int Bits, int Group, class ScaleRule>
struct GroupInt;
template <int Group = 32, class ScaleRule = AbsMax>
using Int8 = GroupInt<8, Group, ScaleRule>;
template <int Group = 32, class ScaleRule = AbsMax>
using Int4 = GroupInt<4, Group, ScaleRule>;

}  // namespace asterism::quant
