// Vectors for indexes to search: random ones, and clustered ones as texts have.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "asterism/core/random.hpp"
#include "asterism/core/view.hpp"
#include "asterism/knowledge/types.hpp"

namespace benchmarks {

/// How many hits are searched for.
inline constexpr std::size_t hits = 10;
inline constexpr std::size_t dim = 512;
inline constexpr std::uint32_t rows = 100'000;

/// Rows (count, dim) of normal numbers: around one of 1000 centres, at a cosine of about 0.7 with it, or around none.
/// The same centres for every seed.
inline std::vector<float> vectors(std::size_t count, bool clustered, std::uint64_t seed) {
  asterism::Random centre_numbers(7);
  std::vector<float> centres(clustered ? 1000 * dim : 0);
  for (float& value : centres) value = static_cast<float>(centre_numbers.normal());
  asterism::Random random(seed);
  std::vector<float> values(count * dim);
  for (std::size_t r = 0; r < count; ++r) {
    const std::size_t centre = clustered ? random.below(1000) : 0;
    for (std::size_t c = 0; c < dim; ++c) {
      values[r * dim + c] = static_cast<float>(random.normal()) + (clustered ? centres[centre * dim + c] : 0.0F);
    }
  }
  return values;
}

inline asterism::MatrixView<const float> view(const std::vector<float>& values) {
  return {values.data(), values.size() / dim, dim};
}

/// Inserts `count` vectors under the ids 0, 1, 2 ...
template <class Index>
void fill(Index& index, std::size_t count, bool clustered) {
  constexpr std::size_t piece = 10'000;
  for (std::size_t first = 0; first < count; first += piece) {
    std::vector<asterism::knowledge::NodeId> ids;
    for (std::size_t i = first; i < first + piece && i < count; ++i)
      ids.push_back({static_cast<std::uint32_t>(i)});
    const std::vector<float> some = vectors(ids.size(), clustered, 1 + first);
    index.insert(asterism::View<const asterism::knowledge::NodeId>(ids), view(some));
  }
}

/// The hits of the queries, row after row.
template <class Index>
std::vector<asterism::knowledge::Hit> search(const Index& index, asterism::MatrixView<const float> queries,
                                             const asterism::knowledge::Filter& filter = {},
                                             asterism::knowledge::Effort effort = {}) {
  std::vector<asterism::knowledge::Hit> out(queries.rows * hits);
  index.search(queries, hits, filter, effort,
               asterism::MatrixView<asterism::knowledge::Hit>(out.data(), queries.rows, hits));
  return out;
}

/// Share of the exact hits of the queries that the index finds.
template <class Index>
double recall(const Index& index, asterism::MatrixView<const float> queries,
              const asterism::knowledge::Filter& filter = {}, asterism::knowledge::Effort effort = {}) {
  const auto found = search(index, queries, filter, effort);
  const auto wanted = search(index, queries, filter, asterism::knowledge::Effort::exact());
  std::size_t same = 0;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    for (std::size_t j = i / hits * hits; j < i / hits * hits + hits; ++j)
      same += found[j].id == wanted[i].id ? 1 : 0;
  }
  return static_cast<double>(same) / static_cast<double>(wanted.size());
}

}  // namespace benchmarks
