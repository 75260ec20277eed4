// Bodies of weight_finder.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
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

ASTERISM_INLINE WeightFinder::WeightFinder(const TensorStore& store, const Shape& shape)
    : store_(store),
      shape_(shape),
      layout_(expert_layout(store)),
      used_(store.tensors().size()),
      four_bits_(store.tensors().size()) {}

ASTERISM_INLINE FoundWeight WeightFinder::find(const model::WeightId& id) {
  FoundWeight found;
  found.location = locate(id, shape_, layout_);
  found.tensor = &store_.at(found.location.name);
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
    throw FormatError(concat(store_.describe(*found.tensor), " has the shape ", shape_text(shape), ", expected ",
                             shape_text(found.location.shape), " by config.json"));
  }
  return found;
}

ASTERISM_INLINE void WeightFinder::check_all_used() const {
  for (const TensorInfo& tensor : store_.tensors()) {
    if (used_[number(tensor)]) continue;
    if (tensor.name.ends_with(".self_attn.rotary_emb.inv_freq")) continue;
    throw FormatError(concat(
        store_.describe(tensor), " has no place in the model that config.json describes",
        tensor.name == "lm_head.weight" ? ": tie_word_embeddings says that the head is the embedding" : ""));
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

ASTERISM_INLINE std::uint64_t stored_bytes(const FoundWeight& found, std::uint64_t elements) {
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
