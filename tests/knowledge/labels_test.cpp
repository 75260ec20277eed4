// Labels beside a map that says what they should be.
#include "asterism/knowledge/index/labels.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/random.hpp"

using namespace asterism;
using index::Labels;

TEST_CASE("labels follow their rows") {
  Random random(1);
  Labels labels;
  std::vector<int> vectors;         // by row: what lies there
  std::map<int, std::size_t> last;  // vector -> its label
  int next = 0;
  for (int step = 0; step < 3000; ++step) {
    const auto row = static_cast<std::uint32_t>(vectors.empty() ? 0 : random.below(vectors.size()));
    if (vectors.empty() || random.below(5) < 3) {
      vectors.push_back(next++);
      labels.grow(vectors.size());
      if (random.below(4) != 0) {  // some wait
        last[vectors.back()] = labels.size();
        labels.give(static_cast<std::uint32_t>(vectors.size() - 1));
      }
    } else if (random.below(2) == 0) {  // replaced
      last.erase(vectors[row]);
      vectors[row] = next++;
      labels.bury(row);
      labels.bury(row);
      last[vectors[row]] = labels.size();
      labels.give(row);
    } else {
      last.erase(vectors[row]);
      vectors[row] = vectors.back();
      vectors.pop_back();
      labels.erase(row);
    }
    REQUIRE(labels.rows() == vectors.size());
    REQUIRE(labels.size() - labels.tombstones() == last.size());
  }
  std::size_t alive = 0;
  for (std::size_t label = 0; label < labels.size(); ++label) {
    const std::uint32_t row = labels.row(label);
    if (row == Labels::none) continue;
    ++alive;
    CHECK(last.at(vectors[row]) == label);
  }
  CHECK(alive == last.size());
}

TEST_CASE("labels of a list have its rows") {
  Labels labels({2, Labels::none, 0}, 3);
  CHECK(labels.size() == 3);
  CHECK(labels.tombstones() == 1);
  CHECK(labels.rows() == 3);
  labels.give(1);
  CHECK(labels.row(3) == 1);
  labels.erase(0);  // row 2 moves there
  CHECK(labels.row(2) == Labels::none);
  CHECK(labels.row(0) == 0);
}
