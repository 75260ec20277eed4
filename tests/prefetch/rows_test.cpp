// Row operations against plain loops, for all lengths around their blocks.
#include "asterism/prefetch/rows.hpp"

#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/random.hpp"

using namespace asterism;
using namespace asterism::prefetch;

TEST_CASE("rows of any length") {
  Random random(1);
  for (std::size_t size = 0; size < 40; ++size) {
    std::vector<float> to(size);
    std::vector<float> from(size);
    for (float& one : to) one = static_cast<float>(random.below(7)) / 8;
    for (float& one : from) one = static_cast<float>(random.below(7)) / 8;
    std::vector<float> added = to;
    add_scaled(added, from, 0.5F);
    std::vector<float> scaled = to;
    scale_by(scaled, 0.25F);
    float sum = 0;
    std::size_t above = 0;
    std::size_t at_least = 0;
    for (std::size_t m = 0; m < size; ++m) {
      CHECK(added[m] == to[m] + 0.5F * from[m]);
      CHECK(scaled[m] == to[m] / 4);
      sum += to[m];
      above += to[m] > 0.5F ? 1 : 0;
      at_least += to[m] >= 0.5F ? 1 : 0;
    }
    CHECK(sum_of(to) == sum);  // eighths: exact
    CHECK(count_above(to, 0.5F, false) == above);
    CHECK(count_above(to, 0.5F, true) == at_least);
  }
}
