// Bodies of weight_finder.hpp.
#pragma once

#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
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
ASTERISM_INLINE std::string_view fields_of(model::Dim dim, const model::ArchitectureInfo& architecture) {
  switch (dim) {
    case model::Dim::none:
      break;
    case model::Dim::vocabulary:
      return "vocab_size";
    case model::Dim::hidden:
      return "hidden_size";
    case model::Dim::query_width:
      return "num_attention_heads * head_dim";
    case model::Dim::query_rows:
      return "2 * num_attention_heads * head_dim";
    case model::Dim::kv_width:
      return "num_key_value_heads * head_dim";
    case model::Dim::head_dim:
      return "head_dim";
    case model::Dim::one:
      return "1";
    case model::Dim::linear_channels:
      return "2 * linear_num_key_heads * linear_key_head_dim + linear_num_value_heads * linear_value_head_dim";
    case model::Dim::linear_values:
      return "linear_num_value_heads * linear_value_head_dim";
    case model::Dim::linear_value_heads:
      return "linear_num_value_heads";
    case model::Dim::linear_betas_decays:
      return "2 * linear_num_value_heads";
    case model::Dim::linear_value_width:
      return "linear_value_head_dim";
    case model::Dim::linear_kernel:
      return "linear_conv_kernel_dim";
    case model::Dim::ffn:
      return architecture.ffn_field;
    case model::Dim::shared_ffn:
      return "shared_expert_intermediate_size";
    case model::Dim::dense_ffn:
      return "intermediate_size";
    case model::Dim::experts:
      return architecture.experts_field;
  }
  return "";
}

/// The same for each size of a weight's tensor, in their order.
ASTERISM_INLINE std::vector<std::string> fields_of_sizes(const model::WeightInfo& info,
                                                         const model::ArchitectureInfo& architecture,
                                                         ExpertLayout layout) {
  const std::string rows(fields_of(info.rows, architecture));
  const std::string cols(fields_of(info.cols, architecture));
  if (info.is_vector()) return {cols};
  if (info.role == model::Role::linear_convolution) return {rows, "1", cols};
  if (info.transform == model::Transform::queries_keys_values || info.transform == model::Transform::gates) {
    return {concat(fields_of(model::Dim::linear_channels, architecture), " + ",
                   fields_of(model::Dim::linear_values, architecture)),
            cols};
  }
  if (layout == ExpertLayout::separate || info.scope != model::Scope::expert) return {rows, cols};
  return {std::string(architecture.experts_field),
          info.fused.slices == 1 ? rows : concat(info.fused.slices, " * ", rows), cols};
}

/// What config.json says of the sizes in which two shapes differ: "hidden_size is 4096".
ASTERISM_INLINE std::string differing_fields(const std::vector<std::uint64_t>& found,
                                             const WeightLocation& location, const model::WeightInfo& info,
                                             const model::ArchitectureInfo& architecture, ExpertLayout layout) {
  const std::vector<std::string> fields = fields_of_sizes(info, architecture, layout);
  std::string out;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (found.size() == fields.size() && found[i] == location.shape[i]) continue;
    out += concat(out.empty() ? "" : ", ", fields[i], " is ", location.shape[i]);
  }
  return out;
}

/// Which fields of config.json give a layer of `shape` the one kind of attention and not the other.
ASTERISM_INLINE std::string kind_of_layer(const Shape& shape, std::int64_t layer) {
  const bool linear = shape.linear_layers.contains(static_cast<std::int32_t>(layer));
  return concat("layer_types, or else full_attention_interval, makes layer ", layer,
                linear ? " one of linear_attention" : " one of full_attention");
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
      layout_(expert_layout(store, shape)),
      used_(store.tensors().size()),
      four_bits_(store.tensors().size()) {}

ASTERISM_INLINE FoundWeight WeightFinder::find(const model::WeightId& id) {
  const model::ArchitectureInfo& architecture = model::info_of(shape_.architecture);
  FoundWeight found{.id = id, .location = locate(id, shape_, layout_)};
  found.tensor = store_.find(found.location.name);
  if (found.tensor == nullptr) {
    std::string why;
    if (id.layer >= 0) why = concat(", num_hidden_layers is ", shape_.layers);
    if (id.expert >= 0) why += concat(", ", architecture.experts_field, " is ", shape_.experts);
    if (model::info_of(shape_.architecture, id.role).where == model::Where::with_attention_bias) {
      why += ", attention_bias is true";
    }
    if (const model::Where where = model::info_of(shape_.architecture, id.role).where;
        where == model::Where::linear_layers ||
        (where == model::Where::attention_layers && shape_.architecture == Architecture::qwen3_next)) {
      why += concat(", ", detail::kind_of_layer(shape_, id.layer));
    }
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
    throw FormatError(
        concat(store_.describe(*found.tensor), " has the shape ", shape_text(shape), ", expected ",
               shape_text(found.location.shape), " by config.json: ",
               detail::differing_fields(shape, found.location, model::info_of(shape_.architecture, id.role),
                                        architecture, layout_),
               " there, or by default where the field is absent"));
  }
  return found;
}

ASTERISM_INLINE void WeightFinder::check_all_used() const {
  const std::string_view passed = model::info_of(shape_.architecture).passed_over;
  for (const TensorInfo& tensor : store_.tensors()) {
    if (used_[number(tensor)] || (!passed.empty() && tensor.name.starts_with(passed))) continue;
    if (tensor.name.ends_with(".self_attn.rotary_emb.inv_freq")) continue;
    std::string why;
    if (tensor.name == "lm_head.weight") why = ": tie_word_embeddings says that the head is the embedding";
    if (tensor.name.ends_with("_proj.bias") && tensor.name.find(".self_attn.") != tensor.name.npos)
      why = ": attention_bias is false";
    if (shape_.experts > 0 && detail::number_behind(tensor.name, ".experts.").value_or(-1) >= shape_.experts) {
      why = concat(": ", model::info_of(shape_.architecture).experts_field, " is ", shape_.experts);
    }
    const std::int64_t layer = detail::number_behind(tensor.name, "model.layers.").value_or(-1);
    const bool mixes = tensor.name.find(".self_attn.") != tensor.name.npos ||
                       tensor.name.find(".linear_attn.") != tensor.name.npos;
    if (why.empty() && mixes && shape_.architecture == Architecture::qwen3_next && layer >= 0) {
      why = concat(": ", detail::kind_of_layer(shape_, layer));
    }
    if (layer >= shape_.layers) why = concat(": num_hidden_layers is ", shape_.layers);
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

ASTERISM_INLINE PassedOver passed_over(const TensorStore& store, Architecture architecture) {
  PassedOver passed{.prefix = std::string(model::info_of(architecture).passed_over)};
  for (const TensorInfo& tensor : store.tensors()) {
    if (passed.prefix.empty() || !tensor.name.starts_with(passed.prefix)) continue;
    ++passed.tensors;
    passed.bytes += Bytes{tensor.bytes};
  }
  return passed;
}

ASTERISM_INLINE std::vector<FoundWeight> find_weights(const TensorStore& store, const Shape& shape,
                                                      bool with_head) {
  WeightFinder finder(store, shape);
  std::vector<FoundWeight> all;
  model::for_each_weight_id(shape, with_head, [&](const model::WeightId& id) { all.push_back(finder.find(id)); });
  finder.check_all_used();
  return all;
}

namespace detail {

/// Changes elements of a tensor from `first` on.
ASTERISM_INLINE void transform_values(model::Transform transform, const WeightStoreRef& store,
                                      const TensorInfo& tensor, std::uint64_t first, View<float> values) {
  if (transform == model::Transform::plus_one) {
    for (float& value : values) value += 1;
  } else if (transform == model::Transform::minus_exponential) {
    for (std::size_t i = 0; i < values.size; ++i) {
      const double result = -std::exp(double{values[i]});
      if (result < -double{std::numeric_limits<float>::max()}) {
        throw FormatError(concat(store.describe(tensor), " holds ", values[i], " at element ", first + i,
                                 ", whose exponential exceeds float32"));
      }
      values[i] = static_cast<float>(result);
    }
  }
}

}  // namespace detail

ASTERISM_INLINE void read_floats(const WeightStoreRef& store, const FoundWeight& found, std::uint64_t first,
                                 View<float> out) {
  const WeightLocation& location = found.location;
  for_each_run(location.rows, location.first + first, out.size,
               [&](std::uint64_t at, std::uint64_t done, std::uint64_t n) {
                 const View<float> run = out.subview(static_cast<std::size_t>(done), static_cast<std::size_t>(n));
                 if (found.four_bit) {
                   read_floats(*found.four_bit, at, run);
                 } else {
                   store.read_floats(*found.tensor, at, run);
                 }
                 detail::transform_values(location.transform, store, *found.tensor, at, run);
               });
}

ASTERISM_INLINE std::uint64_t stored_bytes(const FoundWeight& found, const Shape& shape) {
  const model::WeightInfo& info = model::info_of(shape.architecture, found.id.role);
  const std::uint64_t elements = model::size_of(info.rows, shape) * model::size_of(info.cols, shape);
  const std::uint64_t in_tensor = found.four_bit ? found.four_bit->elements : found.tensor->elements;
  return static_cast<std::uint64_t>(static_cast<double>(found.tensor->bytes) * static_cast<double>(elements) /
                                    static_cast<double>(in_tensor));
}

ASTERISM_INLINE void release(const WeightStoreRef& store, const FoundWeight& found) {
  if (found.four_bit) {
    release_four_bit(store, *found.tensor);
  } else {
    store.release(*found.tensor);
  }
}

}  // namespace asterism::checkpoint
