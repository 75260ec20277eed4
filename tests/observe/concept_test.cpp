// All shipped observers are models of Observer; structs that lack one member are none.
#include "asterism/observe/concept.hpp"

#include <doctest/doctest.h>

#include "asterism/observe/counts.hpp"
#include "asterism/observe/none.hpp"

using namespace asterism;
using namespace asterism::observe;

namespace {

struct Complete {
  void routed(std::int32_t, std::int32_t, std::int32_t, float) {}
  void moved(std::int32_t, std::int32_t, Bytes) {}
};
struct NoRouted {
  void moved(std::int32_t, std::int32_t, Bytes) {}
};
struct NoMoved {
  void routed(std::int32_t, std::int32_t, std::int32_t, float) {}
};

static_assert(Observer<Complete> && Observer<None> && Observer<Counts>);
static_assert(!Observer<NoRouted> && !needs::routed<NoRouted> && needs::moved<NoRouted>);
static_assert(!Observer<NoMoved> && !needs::moved<NoMoved> && needs::routed<NoMoved>);
static_assert(!Observer<int>);

}  // namespace

TEST_CASE("observers are checked when this file compiles") { CHECK(Observer<Complete>); }
