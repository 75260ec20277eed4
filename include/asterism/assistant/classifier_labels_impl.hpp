// Bodies of classifier_labels.hpp.
#pragma once

#include <algorithm>
#include <utility>

#include "asterism/assistant/classifier_labels.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"

namespace asterism::assistant {

ASTERISM_INLINE Labels::Labels(std::vector<std::string> names) : names_(std::move(names)) {
  if (names_.size() < 2) throw InvalidArgument(concat("a classifier of ", names_.size(), " labels: at least 2"));
  for (auto name = names_.begin(); name != names_.end(); ++name) {
    if (name->empty()) throw InvalidArgument("a classifier has a label without a name");
    if (std::find(names_.begin(), name, *name) == name) continue;
    throw InvalidArgument(concat("a classifier has the label ", *name, " twice"));
  }
}

ASTERISM_INLINE std::size_t Labels::number_of(std::string_view name) const {
  const auto at = std::find(names_.begin(), names_.end(), name);
  if (at != names_.end()) return static_cast<std::size_t>(at - names_.begin());
  std::string known;
  for (const std::string& label : names_) known += (known.empty() ? "" : ", ") + label;
  throw InvalidArgument(concat("no label is called '", name, "': there are ", known));
}

ASTERISM_INLINE void Labels::check_places(std::size_t places) const {
  if (places == size()) return;
  throw InvalidArgument(concat("places for ", places, " probabilities, of ", size(), " labels"));
}

}  // namespace asterism::assistant
