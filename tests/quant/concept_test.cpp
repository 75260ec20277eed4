// All shipped formats are models of Quantization and obey its laws; structs that lack one member are none.
#include "asterism/quant/concept.hpp"

#include <doctest/doctest.h>

#include "asterism/kernels.hpp"
#include "asterism/quant/bfloat16.hpp"
#include "asterism/quant/float16.hpp"
#include "asterism/quant/float32.hpp"
#include "asterism/quant/group_int.hpp"
#include "asterism/quant/least_squares.hpp"
#include "asterism/quant/nf4.hpp"

#include "lacking/quantization.hpp"
#include "laws/quantization_laws.hpp"

using namespace asterism;
using namespace asterism::quant;
using namespace asterism::lacking::quantizations;

TEST_CASE_TEMPLATE("the formats obey the laws", Q, Float32, BFloat16, Nf4<>, Nf4<32>, Nf4<64, DoubleQuantized>,
                   Nf4<64, PlainScales, LeastSquares>, Nf4<64, DoubleQuantized, LeastSquares>,
                   Nf4<64, PlainScales, SignedLeastSquares>, Nf4<64, DoubleQuantized, SignedLeastSquares>,
                   Nf4<128, DoubleQuantized>, Nf4<4096, DoubleQuantized, LeastSquares>) {
  static_assert(Quantization<Q>);
  laws::quantization<Q>();
}

TEST_CASE("float16 obeys the laws in its range") { laws::quantization<Float16>(60000.0F); }

TEST_CASE_TEMPLATE("integers obey the laws in the range of their scales", Q, Int8<>, Int8<16>, Int8<4096>,
                   Int8<32, LeastSquares>, Int8<128, SignedLeastSquares>, Int4<>, Int4<16>, Int4<128>, Int4<4096>,
                   Int4<32, LeastSquares>, Int4<32, SignedLeastSquares>, Int4<16, SignedLeastSquares>,
                   Int4<128, SignedLeastSquares>) {
  static_assert(Quantization<Q>);
  laws::quantization<Q>(4.5e5F);
}

static_assert(Quantization<Complete>);
static_assert(!Quantization<NoName> && !needs::name<NoName> && needs::planes<NoName>);
static_assert(!Quantization<NoBitsPerWeight> && !needs::bits_per_weight<NoBitsPerWeight>);
static_assert(!Quantization<NoCodeBits> && !needs::code_bits<NoCodeBits>);
static_assert(!Quantization<NoElementBytes> && !needs::element_bytes<NoElementBytes>);
static_assert(!Quantization<NoPlanes> && !needs::planes<NoPlanes> && needs::name<NoPlanes>);
static_assert(!Quantization<NoEncode> && !needs::encode<NoEncode> && needs::decode<NoEncode>);
static_assert(!Quantization<NoDecode> && !needs::decode<NoDecode> && needs::error_bound<NoDecode>);
static_assert(!Quantization<NoErrorBound> && !needs::error_bound<NoErrorBound> && needs::decode<NoErrorBound>);
static_assert(!Quantization<int>);
