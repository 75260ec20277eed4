// The element types of safetensors, and the description of one tensor.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/core/config.hpp"

namespace asterism::checkpoint {

/// Element types of the safetensors format, ascending in the order in which the reference writer sorts them.
/// Source: huggingface/safetensors, README "Format" and `Dtype` of the reference implementation. The sub-byte
/// types of newer writers are not included: readers report their names as unknown.
enum class DType : std::uint8_t {
  boolean,
  u8,
  i8,
  f8_e5m2,
  f8_e4m3,
  i16,
  u16,
  f16,
  bf16,
  i32,
  u32,
  f32,
  f64,
  i64,
  u64
};

namespace detail {

struct DTypeFacts {
  std::string_view name;
  std::uint32_t bytes;
};

/// Indexed by DType.
inline constexpr std::array<DTypeFacts, 15> dtype_facts{{{"BOOL", 1},
                                                         {"U8", 1},
                                                         {"I8", 1},
                                                         {"F8_E5M2", 1},
                                                         {"F8_E4M3", 1},
                                                         {"I16", 2},
                                                         {"U16", 2},
                                                         {"F16", 2},
                                                         {"BF16", 2},
                                                         {"I32", 4},
                                                         {"U32", 4},
                                                         {"F32", 4},
                                                         {"F64", 8},
                                                         {"I64", 8},
                                                         {"U64", 8}}};

}  // namespace detail

/// Name of a type in the header of a file: "BF16".
constexpr std::string_view dtype_name(DType dtype) {
  return detail::dtype_facts[static_cast<std::size_t>(dtype)].name;
}

/// Size of one element in bytes.
constexpr std::uint64_t dtype_size(DType dtype) {
  return detail::dtype_facts[static_cast<std::size_t>(dtype)].bytes;
}

/// The type of that name, or nothing.
constexpr std::optional<DType> find_dtype(std::string_view name) {
  for (std::size_t i = 0; i < detail::dtype_facts.size(); ++i) {
    if (detail::dtype_facts[i].name == name) return static_cast<DType>(i);
  }
  return std::nullopt;
}

/// All names, for messages: "BOOL, U8, ...".
std::string dtype_names();

/// One tensor of a checkpoint. Row-major, little-endian.
struct TensorInfo {
  std::string name;
  DType dtype = DType::f32;
  std::vector<std::uint64_t> shape;  ///< empty: one element; a size may be zero
  std::uint64_t elements = 1;        ///< product of `shape`
  std::uint64_t bytes = 0;           ///< elements * dtype_size(dtype)
  std::uint64_t offset = 0;          ///< first byte, relative to the beginning of its file; need not be aligned
  std::uint32_t file = 0;            ///< index of its file in the checkpoint
};

/// "[4096, 14336]".
std::string shape_text(const std::vector<std::uint64_t>& shape);

/// Number of elements of a tensor of that shape, or nothing if the product exceeds 64 bits.
std::optional<std::uint64_t> element_count(const std::vector<std::uint64_t>& shape);

}  // namespace asterism::checkpoint

#if !defined(ASTERISM_COMPILED)
#include "asterism/checkpoint/safetensors/dtype_impl.hpp"
#endif
