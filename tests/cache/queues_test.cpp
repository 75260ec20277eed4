// Queues against std::list.
#include "asterism/cache/queues.hpp"

#include <algorithm>
#include <cstdint>
#include <list>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/random.hpp"

using namespace asterism;
using namespace asterism::cache;

TEST_CASE("pushes and removals equal those of lists") {
  constexpr std::size_t parts = 20;
  Queues queues(parts, 3);
  std::vector<std::list<std::size_t>> lists(3);  // tails first
  Random random(1);
  for (int i = 0; i < 5000; ++i) {
    const auto part = static_cast<std::size_t>(random.below(parts));
    const auto queue = static_cast<std::size_t>(random.below(3));
    const Bytes bytes{part + 1};
    if (queues.of(part) == Queues::none) {
      queues.push(queue, part, bytes);
      lists[queue].push_back(part);
    } else {
      lists[queues.of(part)].remove(part);
      queues.remove(part, bytes);
    }
    for (std::size_t q = 0; q < 3; ++q) {
      std::vector<std::size_t> found;
      std::uint64_t sum = 0;
      for (std::size_t at = queues.tail(q); at != Queues::none; at = queues.newer(at)) {
        found.push_back(at);
        sum += at + 1;
        REQUIRE(queues.of(at) == q);
      }
      REQUIRE(std::equal(found.begin(), found.end(), lists[q].begin(), lists[q].end()));
      REQUIRE(queues.bytes(q) == Bytes{sum});
    }
  }
}
