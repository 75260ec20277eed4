#include <span>

#include "variants.hpp"

namespace example {

std::span<const Variant> nf4_variants() {
  using Nf4 = DualNf4::Quantization;
  static constexpr Variant variants[] = {variant<DualNf4>("nf4, float16"), variant<With<Nf4, Int8Kv>>("nf4, int8"),
                                         variant<With<Nf4, WindowKv>>("nf4, window"),
                                         variant<With<Nf4, PrunedKv>>("nf4, pruned")};
  return variants;
}

const Variant& proved_variant(const Shape& shape) {
  static constexpr Variant mixtral = variant<MixtralDual16>("nf4, float16, Mixtral 8x7B");
  static constexpr Variant shipped = variant<ShippedDual>("nf4, float16, the repository's checkpoint");
  if (shape == MixtralDual16::shape) return mixtral;
  return shape == ShippedDual::shape ? shipped : nf4_variants().front();
}

}  // namespace example
