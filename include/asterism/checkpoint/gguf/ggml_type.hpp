// The element types of GGUF tensors.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "asterism/checkpoint/safetensors/dtype.hpp"
#include "asterism/core/config.hpp"

namespace asterism::checkpoint {

/// What a tensor's type means: `block` consecutive weights of a row in `bytes` bytes.
/// Source: ggml, `enum ggml_type`; the gguf package 0.19, `GGML_QUANT_SIZES`.
struct GgmlType {
  std::uint32_t number = 0;  ///< in the file
  std::string_view name;
  std::uint32_t block = 1;
  std::uint32_t bytes = 1;

  /// Whether it is an ordinary element type.
  constexpr bool is_plain() const { return block == 1; }
  friend constexpr bool operator==(const GgmlType&, const GgmlType&) = default;
};

/// All types of the format, by number.
inline constexpr std::array<GgmlType, 34> ggml_types{{
    {0, "F32", 1, 4},         {1, "F16", 1, 2},         {2, "Q4_0", 32, 18},      {3, "Q4_1", 32, 20},
    {6, "Q5_0", 32, 22},      {7, "Q5_1", 32, 24},      {8, "Q8_0", 32, 34},      {9, "Q8_1", 32, 40},
    {10, "Q2_K", 256, 84},    {11, "Q3_K", 256, 110},   {12, "Q4_K", 256, 144},   {13, "Q5_K", 256, 176},
    {14, "Q6_K", 256, 210},   {15, "Q8_K", 256, 292},   {16, "IQ2_XXS", 256, 66}, {17, "IQ2_XS", 256, 74},
    {18, "IQ3_XXS", 256, 98}, {19, "IQ1_S", 256, 50},   {20, "IQ4_NL", 32, 18},   {21, "IQ3_S", 256, 110},
    {22, "IQ2_S", 256, 82},   {23, "IQ4_XS", 256, 136}, {24, "I8", 1, 1},         {25, "I16", 1, 2},
    {26, "I32", 1, 4},        {27, "I64", 1, 8},        {28, "F64", 1, 8},        {29, "IQ1_M", 256, 56},
    {30, "BF16", 1, 2},       {34, "TQ1_0", 256, 54},   {35, "TQ2_0", 256, 66},   {39, "MXFP4", 32, 17},
    {40, "NVFP4", 64, 36},    {41, "Q1_0", 128, 18},
}};

/// The type of that number, or nullptr.
constexpr const GgmlType* find_ggml_type(std::uint32_t number) {
  for (const GgmlType& type : ggml_types) {
    if (type.number == number) return &type;
  }
  return nullptr;
}

/// Of an ordinary element type the same one of safetensors; nothing for types of blocks.
constexpr std::optional<DType> dtype_of(const GgmlType& type) {
  return type.is_plain() ? find_dtype(type.name) : std::nullopt;
}

/// All names, for messages: "F32, F16, ...".
std::string ggml_type_names();
/// The names of those whose weights are read: F32, F16, BF16 and quant::for_each_ggml_format's.
std::string readable_ggml_type_names();

}  // namespace asterism::checkpoint

#if !defined(ASTERISM_COMPILED)
#include "asterism/checkpoint/gguf/ggml_type_impl.hpp"
#endif
