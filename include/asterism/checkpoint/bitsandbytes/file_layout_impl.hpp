// Bodies of file_layout.hpp.
#pragma once

#include <cstddef>
#include <cstring>
#include <string>
#include <vector>

#include "asterism/checkpoint/bitsandbytes/file_layout.hpp"
#include "asterism/core/format.hpp"
#include "asterism/quant/nf4_table.hpp"

namespace asterism::checkpoint::detail {

ASTERISM_INLINE std::vector<TensorDeclaration> declare_four_bit(const std::string& name,
                                                                const quant::Planes& planes, bool nested) {
  std::vector<TensorDeclaration> out{{name, DType::u8, {planes[0].bytes, 1}}};
  if (nested) {
    out.push_back({name + ".absmax", DType::u8, {planes[1].bytes}});
    out.push_back({name + ".nested_absmax", DType::f32, {planes[2].bytes / sizeof(float)}});
    out.push_back({name + ".nested_quant_map", DType::f32, {quant::dynamic_map.size()}});
  } else {
    out.push_back({name + ".absmax", DType::f32, {planes[1].bytes / sizeof(float)}});
  }
  out.push_back({name + ".quant_map", DType::f32, {quant::nf4_table.size()}});
  out.push_back({name + ".quant_state.bitsandbytes__nf4", DType::u8, {quant_state_bytes}});
  return out;
}

ASTERISM_INLINE std::string four_bit_bytes(std::size_t part, const FourBitMatrix& matrix) {
  const auto plane = [&](int i) {
    return std::string(reinterpret_cast<const char*>(matrix.slab) + matrix.planes[i].offset,
                       matrix.planes[i].bytes);
  };
  const auto table = [](const auto& values) {
    return std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
  };
  const std::size_t scale_parts = matrix.nested ? 3 : 1;
  if (part == 0) return plane(0);
  if (matrix.nested && part == 3) return table(quant::dynamic_map);
  if (part <= scale_parts) return plane(static_cast<int>(part));
  if (part == scale_parts + 1) return table(quant::nf4_table);
  std::string state = concat(R"({"quant_type": "nf4", "blocksize": )", matrix.block, R"(, "dtype": ")",
                             matrix.dtype, R"(", "shape": [)", matrix.rows, ", ", matrix.cols, "]");
  if (matrix.nested) {
    float offset = 0;
    std::memcpy(&offset, matrix.slab + matrix.planes[3].offset, sizeof offset);
    state += concat(R"(, "nested_blocksize": 256, "nested_dtype": "float32", "nested_offset": )", double{offset});
  }
  state += "}";
  state.resize(quant_state_bytes, ' ');
  return state;
}

}  // namespace asterism::checkpoint::detail
