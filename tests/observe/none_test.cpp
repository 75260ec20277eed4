// The observer that does not listen.
#include "asterism/observe/none.hpp"

#include <type_traits>

#include <doctest/doctest.h>

using namespace asterism;

static_assert(std::is_empty_v<observe::None>);

TEST_CASE("None hears everything and keeps nothing") {
  observe::None none;
  const float probabilities[] = {0.25F, 0.25F, 0.5F};
  none.scored(0, 1, {probabilities, 3});
  none.routed(0, 1, 2, 0.5F);
  none.moved(0, 1, 1_MiB);
}
