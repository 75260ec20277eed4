#include "variants.hpp"

namespace example {

const Variant& gguf_variant() {
  static constexpr Variant out = variant<ServedGguf>("gguf");
  return out;
}

}  // namespace example
