// Bodies of gguf_recipe.hpp.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/generate/gguf_recipe.hpp"
#include "asterism/model/weights.hpp"
#include "asterism/quant/ggml_formats.hpp"

namespace asterism::generate {

namespace detail {

struct RecipeFacts {
  std::string_view name;
  std::uint32_t file_type;
  std::uint32_t base;
};

/// The numbers of types, as their formats have them.
template <class Format>
std::uint32_t type_of() {
  return Format::codec().type;
}

inline const std::array<RecipeFacts, 17>& recipes() {
  using namespace quant;
  static const std::array<RecipeFacts, 17> all{{{"Q4_0", 2, type_of<Q4_0>()},
                                                {"Q4_1", 3, type_of<Q4_1>()},
                                                {"Q5_0", 8, type_of<Q5_0>()},
                                                {"Q5_1", 9, type_of<Q5_1>()},
                                                {"Q8_0", 7, type_of<Q8_0>()},
                                                {"Q2_K", 10, type_of<Q2_K>()},
                                                {"Q3_K_S", 11, type_of<Q3_K>()},
                                                {"Q3_K_M", 12, type_of<Q3_K>()},
                                                {"Q3_K_L", 13, type_of<Q3_K>()},
                                                {"Q4_K_S", 14, type_of<Q4_K>()},
                                                {"Q4_K_M", 15, type_of<Q4_K>()},
                                                {"Q5_K_S", 16, type_of<Q5_K>()},
                                                {"Q5_K_M", 17, type_of<Q5_K>()},
                                                {"Q6_K", 18, type_of<Q6_K>()},
                                                {"IQ4_NL", 25, type_of<IQ4_NL>()},
                                                {"IQ4_XS", 30, type_of<IQ4_XS>()},
                                                {"MXFP4_MOE", 38, type_of<MXFP4>()}}};
  return all;
}

/// What llama.cpp takes where rows of a matrix are not whole blocks of 256.
inline std::uint32_t fallback_of(std::uint32_t type) {
  using namespace quant;
  if (type == type_of<Q4_K>()) return type_of<Q5_0>();
  if (type == type_of<Q5_K>()) return type_of<Q5_1>();
  if (type == type_of<Q6_K>()) return type_of<Q8_0>();
  if (type == type_of<IQ4_XS>()) return type_of<IQ4_NL>();
  return type_of<Q4_0>();
}

}  // namespace detail

ASTERISM_INLINE GgufRecipe::GgufRecipe(std::string_view name) {
  const auto& all = detail::recipes();
  const auto found = std::find_if(all.begin(), all.end(), [&](const auto& recipe) { return recipe.name == name; });
  if (found == all.end())
    throw Unsupported(concat("the recipe '", printable(name), "' is not known; known are ", names()));
  name_ = found->name;
  file_type_ = found->file_type;
  base_ = found->base;
}

ASTERISM_INLINE std::string GgufRecipe::names() {
  std::string out;
  for (const auto& recipe : detail::recipes()) out += concat(out.empty() ? "" : ", ", recipe.name);
  return out;
}

ASTERISM_INLINE const quant::BlockCodec* GgufRecipe::blocks_of(const model::WeightId& id,
                                                               const Shape& shape) const {
  const auto cols =
      static_cast<std::uint64_t>(model::size_of(model::info_of(shape.architecture, id.role).cols, shape));
  const quant::BlockCodec* codec = quant::find_block_codec(chosen(id, shape));
  if (cols % codec->elements != 0) codec = quant::find_block_codec(detail::fallback_of(codec->type));
  return cols % codec->elements == 0 ? codec : nullptr;
}

ASTERISM_INLINE std::uint32_t GgufRecipe::chosen(const model::WeightId& id, const Shape& shape) const {
  using namespace quant;
  using detail::type_of;
  using model::Role;
  const auto is = [&](auto... names) { return ((name_ == names) || ...); };
  const std::int32_t i = id.layer;
  const std::int32_t n = shape.layers;
  const auto more_bits = [&] { return i < n / 8 || i >= 7 * n / 8 || (i - n / 8) % 3 == 2; };
  const Role role = id.role;
  if (role == Role::head || (role == Role::embedding && shape.tied_head)) {
    const bool whole = shape.hidden % static_cast<std::int32_t>(find_block_codec(base_)->elements) == 0;
    return is("Q8_0", "MXFP4_MOE") || !whole ? type_of<Q8_0>() : type_of<Q6_K>();
  }
  if (is("MXFP4_MOE")) return id.expert >= 0 ? base_ : type_of<Q8_0>();
  const bool eight_experts = shape.experts == 8;
  const bool shared_by_four = shape.heads >= 4 * shape.kv_heads;
  if (role == Role::value || role == Role::linear_qkv) {
    if (eight_experts) return type_of<Q8_0>();
    std::uint32_t type = base_;
    if (is("Q2_K")) type = shared_by_four ? type_of<Q4_K>() : type_of<Q3_K>();
    if (is("Q3_K_M")) type = i < 2 ? type_of<Q5_K>() : type_of<Q4_K>();
    if (is("Q3_K_L")) type = type_of<Q5_K>();
    if (is("IQ4_NL", "IQ4_XS") && shared_by_four) type = type_of<Q5_K>();
    if (is("Q4_K_M", "Q5_K_M") && more_bits()) type = type_of<Q6_K>();
    if (is("Q4_K_S") && i < 4) type = type_of<Q5_K>();
    const bool of_70b = shape.architecture == Architecture::llama && n == 80 && shape.heads != shape.kv_heads;
    return of_70b && (type == type_of<Q3_K>() || type == type_of<Q4_K>()) ? type_of<Q5_K>() : type;
  }
  if (role == Role::key && eight_experts) return type_of<Q8_0>();
  if (role == Role::down || role == Role::shared_down || role == Role::dense_down) {
    if (is("Q2_K")) return type_of<Q3_K>();
    if (is("Q3_K_M")) return i < n / 16 ? type_of<Q5_K>() : type_of<Q4_K>();
    if (is("Q3_K_L")) return type_of<Q5_K>();
    if (is("Q4_K_M", "Q5_K_M") && more_bits()) return type_of<Q6_K>();
    if (is("IQ4_NL", "IQ4_XS", "Q4_K_S") && i < n / 8) return type_of<Q5_K>();
  }
  if (role == Role::output) {
    if (eight_experts) {
      return is("Q2_K", "Q3_K_S", "Q3_K_M", "Q4_K_S", "Q4_K_M", "IQ4_NL", "IQ4_XS") ? type_of<Q5_K>() : base_;
    }
    if (is("Q2_K")) return type_of<Q3_K>();
    if (is("Q3_K_M")) return type_of<Q4_K>();
    if (is("Q3_K_L")) return type_of<Q5_K>();
  }
  return base_;
}

}  // namespace asterism::generate
