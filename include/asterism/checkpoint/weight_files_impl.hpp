// Bodies of weight_files.hpp.
#pragma once

#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "asterism/checkpoint/weight_files.hpp"
#include "asterism/file/path.hpp"

namespace asterism::checkpoint {

ASTERISM_INLINE bool is_gguf(const std::string& path) {
  const file::PathKind kind = file::path_kind(path);
  return kind == file::PathKind::file || (kind == file::PathKind::missing && path.ends_with(".gguf"));
}

ASTERISM_INLINE WeightFiles::WeightFiles(const std::string& path)
    : store_(is_gguf(path) ? std::variant<TensorStore, GgufStore>(GgufStore(path)) : TensorStore(path)) {}

ASTERISM_INLINE WeightStoreRef WeightFiles::store() const {
  return std::visit([](const auto& store) { return WeightStoreRef(store); }, store_);
}

ASTERISM_INLINE std::vector<FoundWeight> WeightFiles::find(const Shape& shape, bool with_head) const {
  return std::visit([&](const auto& store) { return find_weights(store, shape, with_head); }, store_);
}

ASTERISM_INLINE PassedOver WeightFiles::passed_over(const Shape& shape) const {
  if (const auto* gguf = std::get_if<GgufStore>(&store_)) return checkpoint::passed_over(*gguf, shape);
  return checkpoint::passed_over(std::get<TensorStore>(store_), shape.architecture);
}

ASTERISM_INLINE void WeightFiles::advise_sequential() const {
  std::visit([](const auto& store) { store.advise_sequential(); }, store_);
}

}  // namespace asterism::checkpoint
