#include "variants.hpp"

namespace example {

const Variant& bfloat16_variant() {
  static constexpr Variant out = variant<ServedBFloat16>("bfloat16");
  return out;
}

}  // namespace example
