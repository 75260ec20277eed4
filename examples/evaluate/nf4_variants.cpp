#include <asterism/quant/least_squares.hpp>
#include <span>

#include "variants.hpp"

namespace example {

std::span<const NamedVariant> nf4_variants() {
  using namespace asterism::quant;
  static constexpr NamedVariant variants[] = {
      {"nf4-plain", "NF4, scales in 32 bits: 4.5 bits a weight", lab::evaluate<Weights<Nf4<64, PlainScales>>>},
      {"nf4", "NF4, double-quantized scales: 4.127 bits a weight",
       lab::evaluate<Weights<Nf4<64, DoubleQuantized>>>},
      {"nf4-least-squares", "the same bits, scales of least squared error",
       lab::evaluate<Weights<Nf4<64, DoubleQuantized, LeastSquares>>>},
      {"nf4-signed", "the same bits, scales of either sign",
       lab::evaluate<Weights<Nf4<64, DoubleQuantized, SignedLeastSquares>>>}};
  return variants;
}

}  // namespace example
