#include "variants.hpp"

namespace example {

const Variant& int8_variant() {
  static constexpr Variant out = variant<ServedInt8>("int8");
  return out;
}

}  // namespace example
