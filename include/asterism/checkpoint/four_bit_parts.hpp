// A weight in a toolkit format as the tensors that stand for it in a file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "asterism/checkpoint/dtype.hpp"
#include "asterism/checkpoint/safetensors_writer.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/view.hpp"
#include "asterism/quant/bfloat16.hpp"
#include "asterism/quant/float16.hpp"
#include "asterism/quant/float32.hpp"
#include "asterism/quant/nf4.hpp"
#include "asterism/quant/nf4_table.hpp"

namespace asterism::checkpoint {

/// Which tensors a matrix in Format is written as, and their bytes; specialised for the formats that files know.
/// `declare(name, rows, cols)` gives the tensors, `bytes(part, slab, rows, cols, dtype)` those of the
/// part-th. Other formats have no layout in files: their weights are encoded while a checkpoint is loaded.
template <class Format>
struct FileLayout {
  static_assert(
      !std::is_same_v<Format, Format>,
      "no checkpoint holds weights in this format: write Float32, Float16, BFloat16 or Nf4, and load the "
      "checkpoint in this format");
};

namespace detail {

/// One tensor of plain values.
template <class Format, DType dtype_of_file>
struct StoredPlain {
  static std::vector<TensorDeclaration> declare(const std::string& name, std::uint64_t rows, std::uint64_t cols) {
    return {{name, dtype_of_file, {rows, cols}}};
  }
  static std::string bytes(std::size_t /*part*/, const std::byte* slab, std::uint64_t rows, std::uint64_t cols,
                           std::string_view /*dtype*/) {
    return {reinterpret_cast<const char*>(slab), Format::planes(rows, cols)[0].bytes};
  }
};

}  // namespace detail

template <>
struct FileLayout<quant::Float32> : detail::StoredPlain<quant::Float32, DType::f32> {};
template <>
struct FileLayout<quant::Float16> : detail::StoredPlain<quant::Float16, DType::f16> {};
template <>
struct FileLayout<quant::BFloat16> : detail::StoredPlain<quant::BFloat16, DType::bf16> {};

/// The layout of bitsandbytes' 4-bit weights: codes, scales, tables and a JSON that describes them.
/// Source: bitsandbytes, `QuantState.as_dict(packed=True)`.
template <int Block, class Scales, class Choice>
struct FileLayout<quant::Nf4<Block, Scales, Choice>> {
  using Format = quant::Nf4<Block, Scales, Choice>;
  static constexpr bool nested = std::is_same_v<Scales, quant::DoubleQuantized>;
  /// Fixed, so that the file can be laid out before the nested offset is known; the JSON is padded with blanks.
  static constexpr std::size_t state_bytes = 256;

  static std::vector<TensorDeclaration> declare(const std::string& name, std::uint64_t rows, std::uint64_t cols) {
    const quant::Planes planes = Format::planes(rows, cols);
    std::vector<TensorDeclaration> out{{name, DType::u8, {planes[0].bytes, 1}}};
    if constexpr (nested) {
      out.push_back({name + ".absmax", DType::u8, {planes[1].bytes}});
      out.push_back({name + ".nested_absmax", DType::f32, {planes[2].bytes / sizeof(float)}});
      out.push_back({name + ".nested_quant_map", DType::f32, {quant::dynamic_map.size()}});
    } else {
      out.push_back({name + ".absmax", DType::f32, {planes[1].bytes / sizeof(float)}});
    }
    out.push_back({name + ".quant_map", DType::f32, {quant::nf4_table.size()}});
    out.push_back({name + ".quant_state.bitsandbytes__nf4", DType::u8, {state_bytes}});
    return out;
  }

  static std::string bytes(std::size_t part, const std::byte* slab, std::uint64_t rows, std::uint64_t cols,
                           std::string_view dtype) {
    const quant::Planes planes = Format::planes(rows, cols);
    const auto plane = [&](int i) {
      return std::string(reinterpret_cast<const char*>(slab) + planes[i].offset, planes[i].bytes);
    };
    const auto table = [](const auto& values) {
      return std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
    };
    constexpr std::size_t scale_parts = nested ? 3 : 1;
    if (part == 0) return plane(0);
    if (nested && part == 3) return table(quant::dynamic_map);
    if (part <= scale_parts) return plane(static_cast<int>(part));
    if (part == scale_parts + 1) return table(quant::nf4_table);
    std::string state = concat(R"({"quant_type": "nf4", "blocksize": )", Block, R"(, "dtype": ")", dtype,
                               R"(", "shape": [)", rows, ", ", cols, "]");
    if constexpr (nested) {
      float offset = 0;
      std::memcpy(&offset, slab + planes[3].offset, sizeof offset);
      state +=
          concat(R"(, "nested_blocksize": 256, "nested_dtype": "float32", "nested_offset": )", double{offset});
    }
    state += "}";
    state.resize(state_bytes, ' ');
    return state;
  }
};

}  // namespace asterism::checkpoint
