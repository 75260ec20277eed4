#include <asterism/quant/group_int.hpp>
#include <span>

#include "variants.hpp"

namespace example {

/// What activations in 8 bits lose is seen beside the variant of the same weights.
template <class Format>
struct Activations8 : Weights<Format> {
  using Backend = backend::HostA8;
};

template <class Format>
struct WideActivations8 : Weights<Format> {
  using Backend = backend::HostWideA8;
};

std::span<const NamedVariant> activation8_variants() {
  using namespace asterism::quant;
  static constexpr NamedVariant variants[] = {
      {"nf4-a8", "NF4, double-quantized, and activations in 8 bits",
       lab::evaluate<Activations8<Nf4<64, DoubleQuantized>>>},
      {"nf4-a8-wide", "the same in groups of 64", lab::evaluate<WideActivations8<Nf4<64, DoubleQuantized>>>},
      {"int4-a8", "4-bit integers in groups of 32, activations in 8 bits", lab::evaluate<Activations8<Int4<32>>>},
      {"int8-a8", "8-bit integers in groups of 32, activations in 8 bits", lab::evaluate<Activations8<Int8<32>>>}};
  return variants;
}

}  // namespace example
