// Bodies of weight_finder.hpp.
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "asterism/checkpoint/bitsandbytes/bnb_tensor.hpp"
#include "asterism/checkpoint/bitsandbytes/quant_state.hpp"
#include "asterism/checkpoint/safetensors/dtype.hpp"
#include "asterism/checkpoint/safetensors/tensor_store.hpp"
#include "asterism/checkpoint/weight_finder.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"

namespace asterism::checkpoint {

namespace detail {

/// Which fields of config.json a size comes from.
ASTERISM_INLINE std::string_view fields_of(model::Dim dim) {
  constexpr std::string_view fields[] = {"",
                                         "vocab_size",
                                         "hidden_size",
                                         "num_attention_heads * head_dim",
                                         "num_key_value_heads * head_dim",
                                         "intermediate_size",
                                         "num_local_experts"};
  return fields[static_cast<std::size_t>(dim)];
}

/// The same for each size of a weight's tensor, in their order.
ASTERISM_INLINE std::vector<std::string> fields_of_sizes(const model::WeightInfo& info, ExpertLayout layout) {
  const std::string rows(fields_of(info.rows));
  const std::string cols(fields_of(info.cols));
  if (info.is_vector()) return {cols};
  if (layout == ExpertLayout::separate || info.scope != model::Scope::expert) return {rows, cols};
  return {std::string(fields_of(model::Dim::experts)),
          info.fused.slices == 1 ? rows : concat(info.fused.slices, " * ", rows), cols};
}

/// What config.json says of the sizes in which two shapes differ: "hidden_size is 4096".
ASTERISM_INLINE std::string differing_fields(const std::vector<std::uint64_t>& found,
                                             const WeightLocation& location, const model::WeightInfo& info,
                                             ExpertLayout layout) {
  const std::vector<std::string> fields = fields_of_sizes(info, layout);
  std::string out;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (found.size() == fields.size() && found[i] == location.shape[i]) continue;
    out += concat(out.empty() ? "" : ", ", fields[i], " is ", location.shape[i]);
  }
  return out;
}

/// The number behind `before` in a tensor's name, or none.
ASTERISM_INLINE std::optional<std::int64_t> number_behind(std::string_view name, std::string_view before) {
  const std::size_t place = name.find(before);
  if (place == name.npos) return std::nullopt;
  std::int64_t number = 0;
  const char* begin = name.data() + place + before.size();
  const char* end = name.data() + name.size();
  const auto [last, error] = std::from_chars(begin, end, number);
  if (error != std::errc{} || last == begin) return std::nullopt;
  return number;
}

}  // namespace detail

ASTERISM_INLINE WeightFinder::WeightFinder(const TensorStore& store, const Shape& shape)
    : store_(store),
      shape_(shape),
      layout_(expert_layout(store, shape.architecture)),
      used_(store.tensors().size()),
      four_bits_(store.tensors().size()) {}

ASTERISM_INLINE FoundWeight WeightFinder::find(const model::WeightId& id) {
  FoundWeight found{.id = id, .location = locate(id, shape_, layout_)};
  found.tensor = store_.find(found.location.name);
  if (found.tensor == nullptr) {
    std::string why;
    if (id.layer >= 0) why = concat(", num_hidden_layers is ", shape_.layers);
    if (id.expert >= 0) why += concat(", num_local_experts is ", shape_.experts);
    if (id.role == model::Role::head) why = ", tie_word_embeddings is false";
    throw FormatError(concat(store_.folder(), ": tensor '", found.location.name, "' is missing among the ",
                             store_.tensors().size(), " of the checkpoint; config.json asks for it", why));
  }
  used_[number(*found.tensor)] = true;
  found.four_bit = four_bit(*found.tensor);
  if (found.four_bit) {
    for (const std::string& sibling : sibling_names(found.location.name)) {
      if (const TensorInfo* part = store_.find(sibling)) used_[number(*part)] = true;
    }
  } else if (found.tensor->dtype != DType::f32 && found.tensor->dtype != DType::f16 &&
             found.tensor->dtype != DType::bf16) {
    throw Unsupported(concat(store_.describe(*found.tensor), " is ", dtype_name(found.tensor->dtype),
                             ", expected F32, F16, BF16, or 4-bit codes with their quant_state"));
  }
  const auto& shape = found.four_bit ? found.four_bit->shape : found.tensor->shape;
  if (shape != found.location.shape) {
    throw FormatError(concat(
        store_.describe(*found.tensor), " has the shape ", shape_text(shape), ", expected ",
        shape_text(found.location.shape), " by config.json: ",
        detail::differing_fields(shape, found.location, model::info_of(shape_.architecture, id.role), layout_),
        " there, or by default where the field is absent"));
  }
  return found;
}

ASTERISM_INLINE void WeightFinder::check_all_used() const {
  for (const TensorInfo& tensor : store_.tensors()) {
    if (used_[number(tensor)]) continue;
    if (tensor.name.ends_with(".self_attn.rotary_emb.inv_freq")) continue;
    std::string why;
    if (tensor.name == "lm_head.weight") why = ": tie_word_embeddings says that the head is the embedding";
    if (detail::number_behind(tensor.name, ".experts.").value_or(-1) >= shape_.experts) {
      why = concat(": num_local_experts is ", shape_.experts);
    }
    if (detail::number_behind(tensor.name, "model.layers.").value_or(-1) >= shape_.layers) {
      why = concat(": num_hidden_layers is ", shape_.layers);
    }
    throw FormatError(
        concat(store_.describe(tensor), " has no place in the model that config.json describes", why));
  }
}

ASTERISM_INLINE std::size_t WeightFinder::number(const TensorInfo& tensor) const {
  return static_cast<std::size_t>(&tensor - store_.tensors().data());
}

ASTERISM_INLINE std::shared_ptr<const BnbTensor> WeightFinder::four_bit(const TensorInfo& tensor) {
  std::shared_ptr<const BnbTensor>& known = four_bits_[number(tensor)];
  if (known) return known;
  std::optional<BnbTensor> found = find_four_bit(store_, tensor.name);
  if (found) known = std::make_shared<const BnbTensor>(std::move(*found));
  return known;
}

ASTERISM_INLINE std::vector<FoundWeight> find_weights(const TensorStore& store, const Shape& shape,
                                                      bool with_head) {
  WeightFinder finder(store, shape);
  std::vector<FoundWeight> all;
  model::for_each_weight_id(shape, with_head, [&](const model::WeightId& id) { all.push_back(finder.find(id)); });
  finder.check_all_used();
  return all;
}

ASTERISM_INLINE void read_floats(const TensorStore& store, const FoundWeight& found, std::uint64_t first,
                                 View<float> out) {
  if (found.four_bit) {
    read_floats(*found.four_bit, found.location.first + first, out);
  } else {
    store.read_floats(*found.tensor, found.location.first + first, out);
  }
}

ASTERISM_INLINE std::uint64_t stored_bytes(const FoundWeight& found, const Shape& shape) {
  const model::WeightInfo& info = model::info_of(shape.architecture, found.id.role);
  const std::uint64_t elements = model::size_of(info.rows, shape) * model::size_of(info.cols, shape);
  const std::uint64_t in_tensor = found.four_bit ? found.four_bit->elements : found.tensor->elements;
  return static_cast<std::uint64_t>(static_cast<double>(found.tensor->bytes) * static_cast<double>(elements) /
                                    static_cast<double>(in_tensor));
}

ASTERISM_INLINE void release(const TensorStore& store, const FoundWeight& found) {
  if (found.four_bit) {
    release_four_bit(store, found.location.name);
  } else {
    store.release(*found.tensor);
  }
}

}  // namespace asterism::checkpoint
