#include <asterism/quant/group_int.hpp>
#include <span>

#include "variants.hpp"

namespace example {

std::span<const Variant> int4_variants() {
  static constexpr Variant variants[] = {variant<With<quant::Int4<32>, Float16Kv>>("int4, float16"),
                                         variant<With<quant::Int4<32>, Int8Kv>>("int4, int8"),
                                         variant<With<quant::Int4<32>, WindowKv>>("int4, window"),
                                         variant<With<quant::Int4<32>, PrunedKv>>("int4, pruned")};
  return variants;
}

}  // namespace example
