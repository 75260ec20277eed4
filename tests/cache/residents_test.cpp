// The bookkeeping: bytes, pins, steps, and refusals that name parts.
#include "asterism/cache/residents.hpp"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"

#include "cache/steps.hpp"

using namespace asterism;
using namespace asterism::cache;

namespace {

const std::vector<Bytes> sizes{1_B, 2_B, 3_B, 4_B, 5_B, 6_B};

void fetch(Residents& residents, const PartIds& step) {
  Admission admission;
  residents.begin(step, admission);
  residents.require_room();
  for (const std::size_t number : residents.misses()) residents.fetch(number);
  residents.end();
}

}  // namespace

TEST_CASE("a step's hits and misses in its order, and the bytes") {
  Residents residents(Parts(2, 3, sizes), 12_B);
  CHECK(residents.capacity() == 12_B);
  CHECK(residents.used() == 0_B);
  fetch(residents, {{1, 0}, {0, 1}});
  CHECK(residents.used() == 6_B);
  CHECK(residents.contains({1, 0}));
  CHECK_FALSE(residents.contains({1, 1}));
  CHECK_FALSE(residents.contains({7, 7}));

  Admission admission;
  admission.victims = {{0, 0}};
  const PartIds step{{1, 1}, {0, 1}, {0, 0}};
  residents.begin(step, admission);
  CHECK(admission.hits == PartIds{{0, 1}});
  CHECK(admission.victims.empty());
  CHECK(residents.misses() == std::vector<std::size_t>{4, 0});
  CHECK(residents.may_leave(3));
  CHECK_FALSE(residents.may_leave(1));  // of the step
  CHECK_FALSE(residents.may_leave(5));  // not resident
  CHECK(residents.has_room(4));
  residents.fetch(4);
  CHECK_FALSE(residents.has_room(3));
  residents.evict(3);
  residents.bypass(0);
  residents.end();
  CHECK(residents.used() == 7_B);
  CHECK(admission.fetched == PartIds{{1, 1}});
  CHECK(admission.bypassed == PartIds{{0, 0}});
  CHECK(admission.victims == PartIds{{1, 0}});
  CHECK(residents.may_leave(1));
}

TEST_CASE("pins count") {
  Residents residents(Parts(2, 3, sizes), 21_B);
  fetch(residents, {{0, 0}});
  residents.pin({0, 0});
  residents.pin({0, 0});
  residents.unpin({0, 0});
  CHECK_FALSE(residents.may_leave(0));
  residents.unpin({0, 0});
  CHECK(residents.may_leave(0));
  CHECK_THROWS_WITH_AS(residents.unpin({0, 0}),
                       doctest::Contains("group 0 member 0 is unpinned more often than it was pinned"),
                       InvalidArgument);
  residents.pin({1, 1});  // not resident yet
  fetch(residents, {{1, 1}});
  CHECK_FALSE(residents.may_leave(4));
  CHECK_THROWS_AS(residents.pin({2, 0}), InvalidArgument);
}

TEST_CASE("a step without room is refused by the names of what is missing, and says what is in the way") {
  Residents residents(Parts(2, 3, sizes), 12_B);
  fetch(residents, {{1, 0}, {0, 1}, {0, 0}});
  residents.pin({0, 1});
  Admission admission;
  const PartIds step{{0, 0}, {1, 1}, {1, 2}};
  residents.begin(step, admission);
  std::string message;
  try {
    residents.require_room();
  } catch (const BudgetExceeded& error) {
    message = error.what();
  }
  CHECK(message ==
        "a step needs 11 bytes for parts that are not resident (group 1 member 1, group 1 member 2), but of the "
        "cache's "
        "12 bytes 1 hold other parts of the step and 2 pinned ones: unpin some, cut the step into several, or let "
        "the "
        "cache bypass");
  CHECK(residents.used() == 7_B);
  CHECK(residents.may_leave(0));  // the step is over
  fetch(residents, {{1, 1}});
}

TEST_CASE("what is pinned takes room while it is resident, however it came to be both") {
  Residents residents(Parts(2, 3, sizes), 12_B);
  const PartIds step{{1, 2}};
  Admission admission;
  const auto has_room = [&] {  // for 6 bytes
    residents.begin(step, admission);
    try {
      residents.require_room();
    } catch (const BudgetExceeded&) {
      return false;
    }
    residents.end();
    return true;
  };
  fetch(residents, {{0, 0}, {0, 1}});
  residents.pin({1, 1});  // 5 bytes, not resident
  residents.pin({0, 1});  // 2 bytes
  CHECK(has_room());
  fetch(residents, {{1, 1}});
  CHECK_FALSE(has_room());
  residents.unpin({0, 1});
  CHECK(has_room());
  residents.pin({0, 1});
  residents.pin({0, 1});
  residents.unpin({1, 1});
  CHECK(has_room());
  residents.pin({1, 1});
  residents.unpin({0, 1});
  CHECK_FALSE(has_room());
  residents.unpin({0, 1});
  CHECK(has_room());
}

TEST_CASE("a part named twice, or one that there is not") {
  Residents residents(Parts(2, 3, sizes), 12_B);
  Admission admission;
  admission.victims = {{0, 0}};
  const PartIds twice{{0, 0}, {1, 1}, {0, 0}};
  CHECK_THROWS_WITH_AS(residents.begin(twice, admission), doctest::Contains("a step names group 0 member 0 twice"),
                       InvalidArgument);
  const PartIds unknown{{0, 0}, {0, 3}};
  CHECK_THROWS_WITH_AS(residents.begin(unknown, admission), doctest::Contains("there is no group 0 member 3"),
                       InvalidArgument);
  fetch(residents, {{0, 0}, {1, 1}});  // no mark is left
  CHECK(residents.may_leave(0));
}

TEST_CASE("all parts at once") {
  Residents residents(Parts(2, 3, sizes), 21_B);
  residents.fill();
  CHECK(residents.used() == 21_B);
  for (std::size_t i = 0; i < 6; ++i) CHECK(residents.may_leave(i));
}
