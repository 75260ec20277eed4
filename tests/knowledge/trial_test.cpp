// The share that an engine finds, of engines that find what they are told to.
#include "asterism/knowledge/index/trial.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/backend/arena.hpp"

#include "support/saved_index.hpp"

using namespace asterism;
using namespace asterism::knowledge;

namespace {

using Flat = index::Flat<quant::Float32>;

/// Finds the nearest, but for the first `missed`; with scores of its own.
struct Some {
  const Flat* flat;
  std::size_t missed;
  template <class Use>
  void search(View<const float> unit, std::size_t candidates, Use&& use) const {
    std::vector<std::pair<float, std::size_t>> all;
    for (std::size_t row = 0; row < flat->size(); ++row) {
      all.emplace_back(-index::row_score(flat->rows(), row, unit), row);
    }
    std::sort(all.begin(), all.end());
    for (std::size_t i = missed; i < std::min(candidates, all.size()); ++i) use(all[i].second, 7.0F);
  }
};

index::Labels labels_of_all(std::size_t rows) {
  index::Labels labels({}, rows);
  for (std::uint32_t row = 0; row < rows; ++row) labels.give(row);
  return labels;
}

}  // namespace

TEST_CASE("recall is the share of the ten nearest") {
  backend::Arena arena(0, 64_MiB);
  const test::SomeVectors vectors(300, 1);
  Flat flat(arena, {.dim = vectors.dim, .rows = 300});
  CHECK(index::tried_recall(flat, Some{&flat, 0}, index::Labels(), 64, 20) == 1);  // nothing to miss
  vectors.insert_into(flat);
  index::Labels labels = labels_of_all(300);
  CHECK(index::tried_recall(flat, Some{&flat, 0}, labels, 64, 20) == 1);
  CHECK(index::tried_recall(flat, Some{&flat, 0}, labels, 64, 3) == 1);  // never asked for fewer than ten
  CHECK(index::tried_recall(flat, Some{&flat, 3}, labels, 64, 20) == doctest::Approx(0.7));
  CHECK(index::tried_recall(flat, Some{&flat, 10}, labels, 64, 20) == 0);
  CHECK(index::tried_recall(flat, Some{&flat, 3}, labels, 1000, 20) == doctest::Approx(0.7));
  for (std::uint32_t row = 0; row < 300; ++row) labels.bury(row);
  CHECK(index::tried_recall(flat, Some{&flat, 0}, labels, 64, 20) == 0);  // tombstones are not found
}
