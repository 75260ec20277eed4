#include "own/mx_int8.hpp"

#include <cmath>

#include "laws/quantization_laws.hpp"

namespace {

struct Unsigned : MxInt8 {  // forgets the sign
  static void decode(quant::MatrixRef<Unsigned> from, std::uint64_t first, View<float> out) {
    MxInt8::decode({from.data, from.rows, from.cols}, first, out);
    for (float& x : out) x = std::fabs(x);
  }
  static double error_bound(quant::MatrixRef<Unsigned> from, std::uint64_t i, float original) {
    return MxInt8::error_bound({from.data, from.rows, from.cols}, i, original);
  }
};

struct WholeBlocks : MxInt8 {  // a range begins where its block begins
  static void decode(quant::MatrixRef<WholeBlocks> from, std::uint64_t first, View<float> out) {
    MxInt8::decode({from.data, from.rows, from.cols}, first / 32 * 32, out);
  }
  static double error_bound(quant::MatrixRef<WholeBlocks> from, std::uint64_t i, float original) {
    return MxInt8::error_bound({from.data, from.rows, from.cols}, i, original);
  }
};

}  // namespace

TEST_CASE("mxint8 obeys the laws") { laws::quantization<MxInt8>(); }

TEST_CASE("a forgotten sign is found" * doctest::should_fail()) { laws::quantization<Unsigned>(); }

TEST_CASE("a range from the wrong element is found" * doctest::should_fail()) {
  laws::quantization<WholeBlocks>();
}
