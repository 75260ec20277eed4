// All shipped formats are models of Quantization and obey its laws; structs that lack one member are none.
#include "asterism/quant/concept.hpp"

#include <doctest/doctest.h>

#include "asterism/quant/bfloat16.hpp"
#include "asterism/quant/float16.hpp"
#include "asterism/quant/float32.hpp"
#include "asterism/quant/least_squares.hpp"
#include "asterism/quant/nf4.hpp"

#include "laws/quantization_laws.hpp"

using namespace asterism;
using namespace asterism::quant;

TEST_CASE_TEMPLATE("the formats obey the laws", Q, Float32, BFloat16, Nf4<>, Nf4<32>, Nf4<64, DoubleQuantized>,
                   Nf4<64, PlainScales, LeastSquares>, Nf4<64, DoubleQuantized, LeastSquares>,
                   Nf4<64, PlainScales, SignedLeastSquares>, Nf4<64, DoubleQuantized, SignedLeastSquares>,
                   Nf4<128, DoubleQuantized>, Nf4<4096, DoubleQuantized, LeastSquares>) {
  static_assert(Quantization<Q>);
  laws::quantization<Q>();
}

TEST_CASE("float16 obeys the laws in its range") { laws::quantization<Float16>(60000.0F); }

namespace {

// Each lacks one member.
struct NoName : Float32 {
  static void name() {}
};
struct NoBits : Float32 {
  static void bits_per_weight() {}
};
struct NoPlanes : Float32 {
  static void planes() {}
};
struct NoEncode : Float32 {
  static void encode() {}
};
struct NoDecode : Float32 {};  // Float32::decode takes a Packed<Float32>

static_assert(!Quantization<NoName> && !needs::name<NoName>);
static_assert(!Quantization<NoBits> && !needs::bits_per_weight<NoBits>);
static_assert(!Quantization<NoPlanes> && !needs::planes<NoPlanes>);
static_assert(!Quantization<NoEncode> && !needs::encode<NoEncode>);
static_assert(!needs::decode<NoDecode> && !needs::error_bound<NoDecode> && needs::encode<NoDecode>);
static_assert(!Quantization<int>);

}  // namespace
