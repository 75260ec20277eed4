// Bodies of ggml_type.hpp.
#pragma once

#include <string>

#include "asterism/checkpoint/gguf/ggml_type.hpp"

namespace asterism::checkpoint {

ASTERISM_INLINE std::string ggml_type_names() {
  std::string out;
  for (const GgmlType& type : ggml_types) {
    if (!out.empty()) out += ", ";
    out += type.name;
  }
  return out;
}

}  // namespace asterism::checkpoint
