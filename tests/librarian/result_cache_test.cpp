// The last results are kept for a while.
#include "asterism/librarian/result_cache.hpp"

#include <optional>
#include <string>

#include <doctest/doctest.h>

using namespace asterism::librarian;

TEST_CASE("what was asked for last stays, until it is too old") {
  double now = 0;
  ResultCache<int> cache(2, 10, [&] { return now; });
  CHECK_FALSE(cache.find("a"));
  cache.put("a", 1);
  cache.put("b", 2);
  CHECK(cache.find("a") == 1);
  cache.put("c", 3);
  CHECK(cache.size() == 2);
  CHECK_FALSE(cache.find("b"));
  CHECK(cache.find("a") == 1);
  now = 6;
  cache.put("a", 4);
  CHECK(cache.find("a") == 4);
  now = 11;
  CHECK_FALSE(cache.find("c"));
  CHECK(cache.find("a") == 4);
  now = 17;
  CHECK_FALSE(cache.find("a"));
  CHECK(cache.size() == 0);
  ResultCache<int> none(0);
  none.put("a", 1);
  CHECK_FALSE(none.find("a"));
}
