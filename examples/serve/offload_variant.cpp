#include <asterism/generate/load_slotted.hpp>

#include "variants.hpp"

namespace example {

const Variant& offload_variant() {
  static constexpr Variant out = variant<ServedOffload>("offload");
  return out;
}

}  // namespace example
