// Which format each matrix of a GGUF file gets under a recipe of llama.cpp.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "asterism/core/config.hpp"
#include "asterism/model/weight_info.hpp"
#include "asterism/quant/block_codec.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism::generate {

/// A recipe such as Q4_K_M: the formats that llama.cpp's quantizer gives the matrices of a model without an importance
/// matrix. Vectors, routers and convolutions stay in float32. Source: llama.cpp, llama-quant.cpp,
/// `llama_tensor_get_type_impl` and `tensor_type_fallback` of 2026.
class GgufRecipe {
 public:
  /// Unsupported, naming those that are known, for another name.
  explicit GgufRecipe(std::string_view name);

  /// All names, for messages: "Q4_0, Q4_1, ...".
  static std::string names();

  /// The number of `general.file_type`.
  std::uint32_t file_type() const { return file_type_; }

  /// The blocks of a matrix, which is no vector and no router; where its rows are not whole blocks those of the format
  /// that llama.cpp falls back to; nullptr where they are not whole blocks of 32: it stays in 16 or 32 bits.
  const quant::BlockCodec* blocks_of(const model::WeightId& id, const Shape& shape) const;

 private:
  std::uint32_t chosen(const model::WeightId& id, const Shape& shape) const;

  std::string_view name_;
  std::uint32_t file_type_ = 0;
  std::uint32_t base_ = 0;  ///< the type of most matrices
};

}  // namespace asterism::generate

#if !defined(ASTERISM_COMPILED)
#include "asterism/generate/gguf_recipe_impl.hpp"
#endif
