#include <asterism/quant/group_int.hpp>
#include <span>

#include "variants.hpp"

namespace example {

std::span<const Variant> int8_variants() {
  static constexpr Variant variants[] = {variant<With<quant::Int8<32>, Float16Kv>>("int8, float16"),
                                         variant<With<quant::Int8<32>, Int8Kv>>("int8, int8"),
                                         variant<With<quant::Int8<32>, WindowKv>>("int8, window"),
                                         variant<With<quant::Int8<32>, PrunedKv>>("int8, pruned")};
  return variants;
}

}  // namespace example
