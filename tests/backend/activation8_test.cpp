// The formats with integer products obey the laws of 8-bit activations.
#include <doctest/doctest.h>

#include "asterism/kernels.hpp"
#include "asterism/quant/group_int.hpp"
#include "asterism/quant/least_squares.hpp"
#include "asterism/quant/nf4.hpp"
#include "asterism/quant/nf4_table.hpp"

#include "laws/activation_laws.hpp"

using namespace asterism;
using quant::DoubleQuantized;
using quant::Int4;
using quant::Int8;
using quant::Nf4;

// Those that are shipped, and one of each kind with other blocks: the rest is integer_product_test's.
TEST_CASE_TEMPLATE("8-bit activations move products by no more than they say", Q, Int4<32>, Int4<128>,
                   Int4<32, quant::SignedLeastSquares>, Int8<32>, Int8<64>, Nf4<64>, Nf4<64, DoubleQuantized>,
                   Nf4<128, DoubleQuantized>) {
  laws::activation8<Q>();
  laws::activation8<Q, quant::WideInt8Activations>();
}

TEST_CASE("integers stand for 4-bit integers exactly, and for Nf4's values within what its table says") {
  CHECK(laws::integer_error<Int4<32>>() == 0);
  CHECK(laws::integer_error<Int8<32>>() == 0);
  CHECK(laws::integer_error<Nf4<64>>() <= 0.0024);
  CHECK(laws::integer_error<Nf4<64>>() > 0.002);
}
