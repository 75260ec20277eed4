// Bodies of query_features.hpp.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>

#include "asterism/assistant/query_features.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/encode/check.hpp"
#include "asterism/encode/words.hpp"

namespace asterism::assistant {

ASTERISM_INLINE QueryFeatures::QueryFeatures(std::uint32_t buckets) : buckets_(buckets) {
  if (buckets >= 1 && buckets <= 1U << 24U) return;
  throw InvalidArgument(concat("features of a query in ", buckets, " buckets: 1 to ", 1U << 24U));
}

ASTERISM_INLINE std::vector<Feature> QueryFeatures::of(std::string_view query) const {
  const std::string folded = encode::folded(query);
  std::vector<std::uint32_t> places;
  const auto add = [&](std::string_view bytes, std::uint64_t kind) {
    places.push_back(static_cast<std::uint32_t>(encode::hash_of(bytes, kind) % buckets_));
  };
  std::string spaced;
  for (const std::string_view word : encode::words_of(folded)) {
    add(word, 1);
    for (const std::size_t length : {3, 4, 5}) {
      for (const std::string_view gram : encode::grams_of(word, length, spaced)) add(gram, length);
    }
  }
  std::sort(places.begin(), places.end());
  places.erase(std::unique(places.begin(), places.end()), places.end());
  std::vector<Feature> features;
  const auto value = static_cast<float>(1 / std::sqrt(static_cast<double>(places.size())));
  for (const std::uint32_t place : places) features.push_back({place, value});
  return features;
}

}  // namespace asterism::assistant
