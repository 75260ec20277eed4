// Bodies of ggml_type.hpp.
#pragma once

#include <string>

#include "asterism/checkpoint/gguf/ggml_type.hpp"
#include "asterism/quant/ggml_formats.hpp"

namespace asterism::checkpoint {

ASTERISM_INLINE std::string ggml_type_names() {
  std::string out;
  for (const GgmlType& type : ggml_types) {
    if (!out.empty()) out += ", ";
    out += type.name;
  }
  return out;
}

ASTERISM_INLINE std::string readable_ggml_type_names() {
  std::string out = "F32, F16, BF16";
  quant::for_each_ggml_format([&]<class Format>() { (out += ", ") += Format::format_name; });
  return out;
}

}  // namespace asterism::checkpoint
