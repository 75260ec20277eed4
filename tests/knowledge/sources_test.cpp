// Lists of sources name each once, and count those beyond twenty.
#include "asterism/knowledge/sources.hpp"

#include <string>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"

using namespace asterism;
using namespace asterism::knowledge;

TEST_CASE("sources are named once, taken out again, and counted beyond twenty") {
  std::string list = with_source("", "mate");
  CHECK(list == "mate");
  list = with_source(list, "cook");
  CHECK(list == "mate\ncook");
  CHECK(with_source(list, "mate") == list);
  CHECK(with_source(list, "") == list);
  CHECK(names_source(list, "cook"));
  CHECK_FALSE(names_source(list, "coo"));
  CHECK_FALSE(names_source("", ""));
  CHECK(without_source(list, "mate") == "cook");
  CHECK(without_source(list, "nobody") == list);
  CHECK(without_source("mate", "mate").empty());
  for (int i = 0; i < 25; ++i) list = with_source(list, "source " + std::to_string(i));
  CHECK(count_sources(list) == 27);
  CHECK(list.ends_with("\n+7"));
  CHECK(names_source(list, "source 17"));
  CHECK_FALSE(names_source(list, "source 18"));
  CHECK(count_sources(without_source(list, "mate")) == 26);
  CHECK(with_sources("mate", "cook\nmate\n+7") == "mate\ncook");
  CHECK_THROWS_AS(with_source("", "two\nlines"), InvalidArgument);
  CHECK_THROWS_AS(with_source("", "+3"), InvalidArgument);
}
