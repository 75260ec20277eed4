// Bodies of format_changes.hpp.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>

#include "asterism/core/format.hpp"
#include "asterism/generate/format_changes.hpp"

namespace asterism::generate {

ASTERISM_INLINE std::string format_changes(const std::vector<checkpoint::FoundWeight>& weights, const Shape& shape,
                                           const WantedFormats& wanted) {
  struct Change {
    std::string how;
    std::set<const checkpoint::TensorInfo*> tensors;
  };
  std::map<std::pair<std::string, std::string>, Change> changes;
  for (const checkpoint::FoundWeight& found : weights) {
    const model::Role role = found.id.role;
    if (found.blocks == nullptr || model::info_of(shape.architecture, role).is_plain()) continue;
    const WantedFormat& to = role == model::Role::embedding ? wanted.embedding
                             : role == model::Role::head    ? wanted.head
                                                            : wanted.weights;
    if (to.ggml == found.blocks->name) continue;
    Change& change = changes[{std::string(found.blocks->name), to.name}];
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
