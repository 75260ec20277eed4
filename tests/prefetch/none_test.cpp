// Nothing is predicted.
#include "asterism/prefetch/none.hpp"

#include <doctest/doctest.h>

#include "prefetch/predictions.hpp"

using namespace asterism;

TEST_CASE("nothing is predicted") {
  prefetch::None none;
  test::tell(none, 0, {1}, {.next_used = {1}});
  CHECK(test::asked(none, 1, 2) == std::vector<float>{0, 0});
}
