#include "variants.hpp"

namespace example {

const Variant& nf4_variant() {
  static constexpr Variant out = variant<Served>("nf4");
  return out;
}

}  // namespace example
