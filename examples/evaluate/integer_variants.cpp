#include <asterism/quant/group_int.hpp>
#include <asterism/quant/least_squares.hpp>
#include <span>

#include "variants.hpp"

namespace example {

std::span<const NamedVariant> integer_variants() {
  using namespace asterism::quant;
  static constexpr NamedVariant variants[] = {
      {"int8", "8-bit integers in groups of 32: 8.5 bits a weight", lab::evaluate<Weights<Int8<32>>>},
      {"int4", "4-bit integers in groups of 32: 4.5 bits a weight", lab::evaluate<Weights<Int4<32>>>},
      {"int4-least-squares", "the same bits, scales of least squared error",
       lab::evaluate<Weights<Int4<32, LeastSquares>>>}};
  return variants;
}

}  // namespace example
