// The tensors by which a file represents a weight in a format of the toolkit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "asterism/checkpoint/safetensors/dtype.hpp"
#include "asterism/checkpoint/safetensors/writer.hpp"
#include "asterism/core/config.hpp"
#include "asterism/quant/fwd.hpp"
#include "asterism/quant/planes.hpp"

namespace asterism::checkpoint {

/// The tensors that a matrix in Format is written as, and their bytes; specialised for the formats that have a
/// file layout. `declare(name, rows, cols)` returns the tensors, `bytes(part, slab, rows, cols, dtype)` the bytes
/// of the part-th. Weights in other formats are encoded while a checkpoint is loaded.
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

/// Size of a quant_state in bytes. Fixed, so that the file can be laid out before the nested offset is known; the
/// JSON is padded with blanks.
inline constexpr std::size_t quant_state_bytes = 256;

/// A matrix in the planes of a 4-bit format.
struct FourBitMatrix {
  const std::byte* slab = nullptr;
  quant::Planes planes;
  std::uint64_t block = 0;
  bool nested = false;
  std::uint64_t rows = 0;
  std::uint64_t cols = 0;
  std::string_view dtype;  ///< dtype of the weight before quantization
};

std::vector<TensorDeclaration> declare_four_bit(const std::string& name, const quant::Planes& planes, bool nested);
std::string four_bit_bytes(std::size_t part, const FourBitMatrix& matrix);

}  // namespace detail

template <>
struct FileLayout<quant::Float32> : detail::StoredPlain<quant::Float32, DType::f32> {};
template <>
struct FileLayout<quant::Float16> : detail::StoredPlain<quant::Float16, DType::f16> {};
template <>
struct FileLayout<quant::BFloat16> : detail::StoredPlain<quant::BFloat16, DType::bf16> {};

/// The layout of bitsandbytes' 4-bit weights: codes, scales, tables and a JSON that describes them.
/// Source: bitsandbytes, `QuantState.as_dict(packed=True)`.
template <int Block, class Scales, class ScaleRule>
struct FileLayout<quant::Nf4<Block, Scales, ScaleRule>> {
  using Format = quant::Nf4<Block, Scales, ScaleRule>;
  static constexpr bool nested = std::is_same_v<Scales, quant::DoubleQuantized>;
  static constexpr std::size_t state_bytes = detail::quant_state_bytes;

  static std::vector<TensorDeclaration> declare(const std::string& name, std::uint64_t rows, std::uint64_t cols) {
    return detail::declare_four_bit(name, Format::planes(rows, cols), nested);
  }
  static std::string bytes(std::size_t part, const std::byte* slab, std::uint64_t rows, std::uint64_t cols,
                           std::string_view dtype) {
    return detail::four_bit_bytes(part, {slab, Format::planes(rows, cols), Block, nested, rows, cols, dtype});
  }
};

}  // namespace asterism::checkpoint

#if !defined(ASTERISM_COMPILED)
#include "asterism/checkpoint/bitsandbytes/file_layout_impl.hpp"
#endif
