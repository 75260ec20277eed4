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

ASTERISM_INLINE RowGather rows_of_qkvz(model::Transform transform, const Shape& shape) {
  const DeltaNetSizes& sizes = shape.delta_net;
  const auto key = static_cast<std::uint64_t>(sizes.key_width);
  const auto groups = static_cast<std::uint64_t>(sizes.key_heads);
  const std::uint64_t values = static_cast<std::uint64_t>(sizes.values()) / groups;
  RowGather gather{.groups = groups,
                   .group_rows = 2 * (key + values),
                   .cols = static_cast<std::uint64_t>(shape.hidden),
                   .parts = {{{0, key}, {key, key}, {2 * key, values}}}};
  if (transform == model::Transform::gates) gather.parts = {{{2 * key + values, values}}};
  return gather;
}

ASTERISM_INLINE ExpertLayout expert_layout(const TensorStore& store, const Shape& shape) {
  std::int32_t layer = 0;
  while (shape.is_dense(layer)) ++layer;
  for (const model::WeightInfo& info : model::info_of(shape.architecture).weights) {
    if (info.scope != model::Scope::expert || info.fused.name.empty()) continue;
    if (store.find(detail::tensor_name(info, info.fused.name, {info.role, layer, 0})) != nullptr) {
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
    return {.name = name,
            .shape = {static_cast<std::uint64_t>(shape.experts), slices * rows, cols},
            .first = slice * rows * cols};
  }
  WeightLocation location{.name = name, .shape = {rows, cols}};
  switch (info.transform) {
    case model::Transform::queries_keys_values:
    case model::Transform::gates:
      location.rows = rows_of_qkvz(info.transform, shape);
      location.shape = {location.rows.groups * location.rows.group_rows, cols};
      return location;
    default:
      location.transform = info.transform;
  }
  if (info.is_vector()) location.shape = {cols};
  if (info.role == model::Role::linear_convolution) location.shape = {rows, 1, cols};  // torch's: one channel a group
  return location;
}

ASTERISM_INLINE WeightLocation as_stored(WeightLocation location) {
  location.rows = {};
  location.transform = model::Transform::none;
  return location;
}

}  // namespace asterism::checkpoint
