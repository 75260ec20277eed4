// Bodies of weight_location.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/checkpoint/huggingface/weight_location.hpp"
#include "asterism/checkpoint/safetensors/tensor_store.hpp"
#include "asterism/core/format.hpp"
#include "asterism/model/weight_info.hpp"
#include "asterism/model/weights.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism::checkpoint {

namespace detail {

/// The name of a tensor: `in_table` with its numbers.
ASTERISM_INLINE std::string tensor_name(const model::WeightInfo& info, std::string_view in_table,
                                        const model::WeightId& id) {
  constexpr std::string_view number = "{expert}";
  std::string name(in_table);
  if (const std::size_t at = name.find(number); at != name.npos) {
    name.replace(at, number.size(), std::to_string(id.expert));
  }
  return info.scope == model::Scope::model ? name : concat("model.layers.", id.layer, ".", name);
}

}  // namespace detail

ASTERISM_INLINE ExpertLayout expert_layout(const TensorStore& store, Architecture architecture) {
  for (const model::WeightInfo& info : model::info_of(architecture).weights) {
    if (info.scope != model::Scope::expert || info.fused.name.empty()) continue;
    if (store.find(detail::tensor_name(info, info.fused.name, {info.role, 0, 0})) != nullptr) {
      return ExpertLayout::fused;
    }
  }
  return ExpertLayout::separate;
}

ASTERISM_INLINE WeightLocation locate(const model::WeightId& id, const Shape& shape, ExpertLayout layout) {
  const bool is_embedding = id.role == model::Role::head && shape.tied_head;
  const model::WeightInfo& info =
      model::info_of(shape.architecture, is_embedding ? model::Role::embedding : id.role);
  const std::uint64_t rows = model::size_of(info.rows, shape);
  const std::uint64_t cols = model::size_of(info.cols, shape);
  const bool fused = layout == ExpertLayout::fused && !info.fused.name.empty();
  const std::string name = detail::tensor_name(info, fused ? info.fused.name : info.name, id);
  if (fused && info.scope == model::Scope::expert) {
    const auto slices = static_cast<std::uint64_t>(info.fused.slices);
    const auto slice =
        static_cast<std::uint64_t>(id.expert) * slices + static_cast<std::uint64_t>(info.fused.slice);
    return {name, {static_cast<std::uint64_t>(shape.experts), slices * rows, cols}, slice * rows * cols};
  }
  if (info.is_vector()) return {name, {cols}, 0};
  return {name, {rows, cols}, 0};
}

}  // namespace asterism::checkpoint
