// Bodies of gguf_finder.hpp.
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "asterism/checkpoint/gguf/ggml_type.hpp"
#include "asterism/checkpoint/gguf/gguf_finder.hpp"
#include "asterism/checkpoint/gguf/metadata.hpp"
#include "asterism/checkpoint/safetensors/dtype.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"

namespace asterism::checkpoint {

namespace detail {

/// The layer of a tensor "blk.N.*"; -1 for others.
ASTERISM_INLINE std::int64_t gguf_layer(std::string_view name) {
  constexpr std::string_view prefix = "blk.";
  if (!name.starts_with(prefix)) return -1;
  std::int64_t layer = -1;
  const char* end = name.data() + name.size();
  const auto [last, error] = std::from_chars(name.data() + prefix.size(), end, layer);
  return error == std::errc{} && last != end && *last == '.' ? layer : -1;
}

/// Whether a tensor belongs to a layer that predicts a token more.
ASTERISM_INLINE bool is_beyond(const GgufStore& store, const TensorInfo& tensor, const Shape& shape) {
  if (gguf_layer(tensor.name) < shape.layers) return false;
  const std::string key =
      concat(store.metadata().text("general.architecture").value_or(""), ".nextn_predict_layers");
  return store.metadata().integer(key, 0, 1 << 16).value_or(0) > 0;
}

/// Whether a tensor has the sizes of a weight; a row may be a vector, and a matrix may have a size of 1 more.
ASTERISM_INLINE bool has_sizes(const std::vector<std::uint64_t>& found,
                               const std::vector<std::uint64_t>& expected) {
  const auto significant = [](const std::vector<std::uint64_t>& shape) {
    std::vector<std::uint64_t> out;
    for (const std::uint64_t size : shape) {
      if (size != 1) out.push_back(size);
    }
    return out;
  };
  return significant(found) == significant(expected);
}

}  // namespace detail

ASTERISM_INLINE GgufFinder::GgufFinder(const GgufStore& store, const Shape& shape)
    : store_(store), shape_(shape), layout_(gguf_layout(store, shape)), used_(store.tensors().size()) {}

ASTERISM_INLINE FoundWeight GgufFinder::find(const model::WeightId& id) {
  FoundWeight found{.id = id, .location = locate_in_gguf(id, shape_, layout_)};
  if (gguf_name(id.role, shape_.architecture, layout_).empty()) {
    throw Unsupported(concat(store_.path(), ": GGUF files have no tensor for ",
                             model::info_of(shape_.architecture, id.role).name));
  }
  found.tensor = store_.find(found.location.name);
  if (found.tensor == nullptr) {
    std::string why;
    if (id.expert >= 0) {
      why = "; of files of 2023, which have a tensor for each expert, convert the model again";
    } else if (id.layer >= 0) {
      why = concat(", whose metadata gives it ", shape_.layers, " layers");
    }
    throw FormatError(concat(store_.path(), ": tensor '", found.location.name, "' is missing among the ",
                             store_.tensors().size(), " of the file", why));
  }
  used_[static_cast<std::size_t>(found.tensor - store_.tensors().data())] = true;
  const GgmlType& type = store_.type_of(*found.tensor);
  const auto dtype = dtype_of(type);
  found.blocks = store_.blocks_of(*found.tensor);
  if (found.blocks == nullptr && dtype != DType::f32 && dtype != DType::f16 && dtype != DType::bf16) {
    throw Unsupported(concat(store_.describe(*found.tensor), " is ", type.name, "; supported are ",
                             readable_ggml_type_names(), ": take another file of the model"));
  }
  if (!detail::has_sizes(found.tensor->shape, found.location.shape)) {
    throw FormatError(concat(store_.describe(*found.tensor), " has the shape ", shape_text(found.tensor->shape),
                             " (row-major), expected ", shape_text(found.location.shape), " by the metadata"));
  }
  return found;
}

ASTERISM_INLINE void GgufFinder::check_all_used() const {
  for (std::size_t i = 0; i < used_.size(); ++i) {
    const TensorInfo& tensor = store_.tensors()[i];
    if (used_[i] || tensor.name == "rope_freqs.weight" || detail::is_beyond(store_, tensor, shape_)) continue;
    std::string why;
    if (detail::gguf_layer(tensor.name) >= shape_.layers) {
      why = concat(": the metadata gives the model ", shape_.layers, " layers, and no nextn_predict_layers");
    }
    throw FormatError(
        concat(store_.describe(tensor), " has no place in the model that the metadata describes", why));
  }
}

ASTERISM_INLINE std::vector<FoundWeight> find_weights(const GgufStore& store, const Shape& shape, bool with_head) {
  GgufFinder finder(store, shape);
  std::vector<FoundWeight> all;
  model::for_each_weight_id(shape, with_head, [&](const model::WeightId& id) { all.push_back(finder.find(id)); });
  finder.check_all_used();
  return all;
}

ASTERISM_INLINE PassedOver passed_over(const GgufStore& store, const Shape& shape) {
  PassedOver passed{.prefix = concat("blk.", shape.layers, ".")};
  for (const TensorInfo& tensor : store.tensors()) {
    if (!detail::is_beyond(store, tensor, shape)) continue;
    ++passed.tensors;
    passed.bytes += Bytes{tensor.bytes};
  }
  return passed;
}

}  // namespace asterism::checkpoint
