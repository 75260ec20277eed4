// Bodies of format_changes.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "asterism/checkpoint/bitsandbytes/bnb_tensor.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/generate/format_changes.hpp"
#include "asterism/model/weights.hpp"

namespace asterism::generate {

namespace detail {

/// The format in which a checkpoint has a weight.
inline std::string stored_name(const checkpoint::FoundWeight& found) {
  if (found.blocks != nullptr) return std::string(found.blocks->name);
  if (found.four_bit == nullptr) return std::string(checkpoint::dtype_name(found.tensor->dtype));
  const checkpoint::BnbTensor& source = *found.four_bit;
  return concat(source.kind == checkpoint::FourBitKind::nf4 ? "nf4" : "fp4", " block ", source.blocksize,
                source.nested ? ", double-quantized" : "");
}

/// Whether a weight is a matrix in one of a Blueprint's formats.
inline bool has_format(const checkpoint::FoundWeight& found) {
  return found.id.role == model::Role::embedding || found.id.role == model::Role::head ||
         model::tag_of(found.id.role) != nullptr;
}

}  // namespace detail

ASTERISM_INLINE bool WantedFormat::is_of(const checkpoint::FoundWeight& found) const {
  if (found.blocks != nullptr) return ggml == found.blocks->name;
  if (found.four_bit == nullptr) return dtype == found.tensor->dtype;
  const checkpoint::BnbTensor& source = *found.four_bit;
  return source.kind == checkpoint::FourBitKind::nf4 && source.blocksize == four_bit_block &&
         source.nested == four_bit_nested;
}

ASTERISM_INLINE std::string format_changes(const std::vector<checkpoint::FoundWeight>& weights, const Shape& shape,
                                           const WantedFormats& wanted, const model::Formats& formats) {
  struct Change {
    std::string how;
    std::set<const checkpoint::TensorInfo*> tensors;
  };
  std::map<std::pair<std::string, std::string>, Change> changes;
  for (const checkpoint::FoundWeight& found : weights) {
    const model::Role role = found.id.role;
    if (role == model::Role::router || role == model::Role::shared_router) continue;
    if (model::info_of(shape.architecture, role).is_plain()) continue;
    const WantedFormat& to = wanted.of_weight(found.id, formats);
    const bool quantized = found.blocks != nullptr || found.four_bit != nullptr;
    if (!quantized || to.is_of(found)) continue;
    Change& change = changes[{detail::stored_name(found), to.name}];
    change.how = to.code_bits == 0 ? "decoded to" : "decoded and quantized again as";
    change.tensors.insert(found.tensor);
  }
  std::string out;
  for (const auto& [formats_of_change, change] : changes) {
    out += concat(change.tensors.size(), " tensors of ", formats_of_change.first, " ", change.how, " ",
                  formats_of_change.second, "\n");
  }
  return out;
}

ASTERISM_INLINE model::Formats stored_formats(const checkpoint::WeightStoreRef& store,
                                              const std::vector<checkpoint::FoundWeight>& weights,
                                              const Shape& shape, const WantedFormats& wanted) {
  const auto tag_of = [&](const checkpoint::FoundWeight& found) {
    const std::vector<WantedFormat>& list = wanted.of_role(found.id.role);
    if (list.size() == 1) return quant::Tag{0};
    std::string names;
    for (std::size_t tag = 0; tag < list.size(); ++tag) {
      if (list[tag].is_of(found)) return static_cast<quant::Tag>(tag);
      names += concat(names.empty() ? "" : ", ", list[tag].name);
    }
    throw Unsupported(concat(store.describe(*found.tensor), " is stored as ", detail::stored_name(found),
                             ", which is none of the Blueprint's formats for it: ", names,
                             "; list it in quant::OneOf, or take quant::Gguf; a checkpoint in 16 or 32 bits is "
                             "quantized by a Blueprint with one format, or with formats(shape); quantize_again "
                             "does not change that"));
  };
  model::Formats out;
  std::map<std::int32_t, quant::LayerFormats> layers;
  std::map<std::pair<model::Role, std::int32_t>, const checkpoint::FoundWeight*> first_experts;
  for (const checkpoint::FoundWeight& found : weights) {
    if (!detail::has_format(found)) continue;
    const quant::Tag tag = tag_of(found);
    const model::Role role = found.id.role;
    if (role == model::Role::embedding) {
      out.embedding = tag;
    } else if (role == model::Role::head) {
      out.head = tag;
    } else {
      quant::Tag& place = layers[found.id.layer].*model::tag_of(role);
      if (found.id.expert >= 0) {
        const auto [first, is_first] = first_experts.try_emplace({role, found.id.layer}, &found);
        if (!is_first && place != tag) {
          throw Unsupported(concat(store.describe(*found.tensor), " is stored as ", detail::stored_name(found),
                                   ", ", first->second->tensor->name, " as ", detail::stored_name(*first->second),
                                   ": the experts of a layer have to be alike; take another file of the model"));
        }
      }
      place = tag;
    }
  }
  for (std::int32_t layer = 0; layer < shape.layers; ++layer) {
    try {
      out.set_layer(layer, layers[layer]);
    } catch (const Unsupported& error) {
      const auto own = std::find_if(weights.begin(), weights.end(), [&](const checkpoint::FoundWeight& found) {
        return found.id.layer == layer && detail::has_format(found);
      });
      throw Unsupported(concat(store.describe(*own->tensor), ": ", error.what(),
                               "; a Blueprint with a single format, such as quant::BFloat16, takes the file"));
    }
  }
  return out;
}

ASTERISM_INLINE std::string format_counts(const std::vector<checkpoint::FoundWeight>& weights, const Shape& shape,
                                          const WantedFormats& wanted, const model::Formats& formats) {
  using Counts = std::map<std::string, std::set<const checkpoint::TensorInfo*>>;
  Counts kept;
  Counts brought;
  for (const checkpoint::FoundWeight& found : weights) {
    const model::Role role = found.id.role;
    if (!detail::has_format(found) || model::info_of(shape.architecture, role).is_plain()) continue;
    if (wanted.of_role(role).size() == 1) continue;
    const WantedFormat& to = wanted.of_weight(found.id, formats);
    if (to.is_of(found)) {
      kept[to.name].insert(found.tensor);
    } else if (found.blocks == nullptr && found.four_bit == nullptr) {
      brought[to.name].insert(found.tensor);
    }
  }
  std::string out;
  const auto add = [&](const char* what, const Counts& counts) {
    if (counts.empty()) return;
    std::string list;
    for (const auto& [name, tensors] : counts) {
      list += concat(list.empty() ? "" : ", ", tensors.size(), " tensors of ", name);
    }
    out += concat(what, ": ", list, "\n");
  };
  add("kept as they are stored", kept);
  add("in formats that the Blueprint says", brought);
  return out;
}

}  // namespace asterism::generate
