// Bodies of row_hashes.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>

#include "asterism/knowledge/index/row_hashes.hpp"
#include "asterism/knowledge/xxhash.hpp"

namespace asterism::index {

namespace detail {

inline std::uint64_t row_hash(View<const float> row) {
  return XXH3_64bits(row.data, row.size * sizeof(float)) | 1U;
}

}  // namespace detail

ASTERISM_INLINE std::vector<std::uint64_t> label_hashes(const VectorRows& rows, const Labels& labels) {
  std::vector<std::uint64_t> hashes(labels.size());
  for (std::size_t label = 0; label < labels.size(); ++label) {
    const std::uint32_t row = labels.row(label);
    if (row != Labels::none) hashes[label] = detail::row_hash(rows.row(row));
  }
  return hashes;
}

ASTERISM_INLINE std::optional<Labels> labels_of(const VectorRows& rows, View<const std::uint64_t> hashes) {
  std::vector<std::pair<std::uint64_t, std::uint32_t>> known;  // hashes with rows, and with labels
  std::vector<std::pair<std::uint64_t, std::uint32_t>> wanted;
  for (std::uint32_t row = 0; row < rows.size(); ++row) known.emplace_back(detail::row_hash(rows.row(row)), row);
  for (std::size_t label = 0; label < hashes.size; ++label) {
    if (hashes[label] != 0) wanted.emplace_back(hashes[label], static_cast<std::uint32_t>(label));
  }
  if (known.size() != wanted.size()) return std::nullopt;
  std::sort(known.begin(), known.end());
  std::sort(wanted.begin(), wanted.end());
  std::vector<std::uint32_t> row_of(hashes.size, Labels::none);
  for (std::size_t i = 0; i < known.size(); ++i) {
    if (known[i].first != wanted[i].first) return std::nullopt;
    row_of[wanted[i].second] = known[i].second;
  }
  return Labels(std::move(row_of), rows.size());
}

}  // namespace asterism::index
