#include <asterism/quant/bfloat16.hpp>
#include <span>

#include "variants.hpp"

namespace example {

std::span<const Variant> bfloat16_variants() {
  static constexpr Variant variants[] = {variant<With<quant::BFloat16, Float16Kv>>("bfloat16, float16"),
                                         variant<With<quant::BFloat16, Int8Kv>>("bfloat16, int8"),
                                         variant<With<quant::BFloat16, WindowKv>>("bfloat16, window"),
                                         variant<With<quant::BFloat16, PrunedKv>>("bfloat16, pruned")};
  return variants;
}

}  // namespace example
