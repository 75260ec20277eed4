// Names of the room `quant`: how weights are stored.
#pragma once

namespace asterism::quant {

struct Plane;
struct Planes;
template <class Q>
struct Packed;
class WeightSource;

// Formats.
struct Float32;
struct BFloat16;
struct Float16;

// How the scales of Nf4's blocks are stored.
struct PlainScales;
struct DoubleQuantized;

// How the scale of a block is chosen.
struct AbsMax;
struct LeastSquares;
struct SignedLeastSquares;

template <int Block = 64, class Scales = PlainScales, class Choice = AbsMax>
struct Nf4;

}  // namespace asterism::quant
