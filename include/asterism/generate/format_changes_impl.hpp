// Bodies of format_changes.hpp.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>

#include "asterism/checkpoint/bitsandbytes/bnb_tensor.hpp"
#include "asterism/core/format.hpp"
#include "asterism/generate/format_changes.hpp"
#include "asterism/model/weights.hpp"

namespace asterism::generate {

namespace detail {

/// The format in which a checkpoint has a quantized weight; empty where that is what is asked for, or not quantized.
inline std::string other_format(const checkpoint::FoundWeight& found, const WantedFormat& to) {
  if (found.blocks != nullptr) return to.ggml == found.blocks->name ? "" : std::string(found.blocks->name);
  if (found.four_bit == nullptr) return {};
  const checkpoint::BnbTensor& source = *found.four_bit;
  const bool nf4 = source.kind == checkpoint::FourBitKind::nf4;
  if (nf4 && source.blocksize == to.four_bit_block && source.nested == to.four_bit_nested) return {};
  return concat(nf4 ? "nf4" : "fp4", " block ", source.blocksize, source.nested ? ", double-quantized" : "");
}

}  // namespace detail

ASTERISM_INLINE std::string format_changes(const std::vector<checkpoint::FoundWeight>& weights, const Shape& shape,
                                           const WantedFormats& wanted) {
  struct Change {
    std::string how;
    std::set<const checkpoint::TensorInfo*> tensors;
  };
  std::map<std::pair<std::string, std::string>, Change> changes;
  for (const checkpoint::FoundWeight& found : weights) {
    const model::Role role = found.id.role;
    if (role == model::Role::router || role == model::Role::shared_router) continue;
    if (model::info_of(shape.architecture, role).is_plain()) continue;
    const WantedFormat& to = role == model::Role::embedding ? wanted.embedding
                             : role == model::Role::head    ? wanted.head
                                                            : wanted.weights;
    const std::string from = detail::other_format(found, to);
    if (from.empty()) continue;
    Change& change = changes[{from, to.name}];
    change.how = to.code_bits == 0 ? "decoded to" : "decoded and quantized again as";
    change.tensors.insert(found.tensor);
  }
  std::string out;
  for (const auto& [formats, change] : changes) {
    out +=
        concat(change.tensors.size(), " tensors of ", formats.first, " ", change.how, " ", formats.second, "\n");
  }
  return out;
}

}  // namespace asterism::generate
