// Bodies of examples.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "asterism/core/error.hpp"
#include "asterism/core/fnv1a.hpp"
#include "asterism/core/format.hpp"
#include "asterism/train/data/examples.hpp"

namespace asterism::train {

ASTERISM_INLINE void Examples::add(const Example& example) {
  const auto& [ids, counts] = example;
  if (ids.size != counts.size) {
    throw InvalidArgument(concat("an example has ", ids.size, " tokens, but ", counts.size, " counts"));
  }
  if (ids.size < 2) throw InvalidArgument(concat("an example needs two tokens at least, found ", ids.size));
  std::uint64_t counted = 0;
  TokenId largest = largest_id_;
  for (std::size_t i = 0; i < ids.size; ++i) {
    if (ids[i] < 0) throw InvalidArgument(concat("an example has the token id ", ids[i]));
    if (counts[i] > 1) throw InvalidArgument(concat("a count is ", int{counts[i]}, ", expected 0 or 1"));
    counted += counts[i];
    largest = std::max(largest, ids[i]);
  }
  if (counts[counts.size - 1] != 0)
    throw InvalidArgument("the last token of an example predicts nothing to count");
  if (counted == 0) throw InvalidArgument("no prediction of an example counts in the loss");
  ids_.insert(ids_.end(), ids.begin(), ids.end());
  counts_.insert(counts_.end(), counts.begin(), counts.end());
  ends_.push_back(ids_.size());
  longest_ = std::max(longest_, ids.size);
  largest_id_ = largest;
  counted_ += counted;
}

ASTERISM_INLINE std::uint64_t Examples::fingerprint() const {
  Fnv1a hash;
  for (std::size_t i = 0; i < size(); ++i) {
    const auto [ids, counts] = (*this)[i];
    hash.add_number(ids.size);
    for (std::size_t k = 0; k < ids.size; ++k) {
      hash.add_number(static_cast<std::uint64_t>(ids[k]) * 2 + counts[k]);
    }
  }
  return hash.value();
}

}  // namespace asterism::train
