// How much of what is near an engine finds: tried with vectors that are stored.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "asterism/core/view.hpp"
#include "asterism/knowledge/index/flat.hpp"
#include "asterism/knowledge/index/labels.hpp"
#include "asterism/knowledge/index/scan.hpp"
#include "asterism/knowledge/index/vector_rows.hpp"

namespace asterism::index {

/// Share, 0 to 1, of the 10 nearest of `probes` stored vectors that an engine finds among so many candidates; 1 without
/// any. A row as near as the last of the nearest counts as one of them. Probes are tasks of the flat index' execution.
template <class Engine, class Format>
double tried_recall(const Flat<Format>& flat, const Engine& engine, const Labels& labels, std::size_t probes,
                    std::size_t candidates) {
  const VectorRows& rows = flat.rows();
  probes = std::min(probes, rows.size());
  if (probes == 0) return 1;
  const std::size_t k = std::min<std::size_t>(10, rows.size());
  std::vector<float> memory;
  for (std::size_t p = 0; p < probes; ++p) {
    const View<const float> row = rows.row(p * rows.size() / probes);
    memory.insert(memory.end(), row.begin(), row.end());
  }
  const MatrixView<const float> units(memory.data(), probes, rows.width());
  std::vector<knowledge::Hit> hits(probes * k);
  const MatrixView<knowledge::Hit> nearest(hits.data(), probes, k);
  flat.search_units(units, {}, knowledge::Effort::exact(), nearest);
  std::vector<std::size_t> found(probes);
  flat.execution().for_each_task(probes, [&](std::size_t p) {
    const View<const float> unit = units.row(p);
    engine.search(unit, std::max(k, candidates), [&](std::size_t label, float /*score*/) {
      const std::uint32_t row = labels.row(label);
      if (row == Labels::none || found[p] == k) return;
      if (row_score(rows, row, unit) >= nearest(p, k - 1).score) ++found[p];
    });
  });
  std::size_t sum = 0;
  for (const std::size_t one : found) sum += one;
  return static_cast<double>(sum) / static_cast<double>(probes * k);
}

}  // namespace asterism::index
