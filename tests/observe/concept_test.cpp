// All shipped observers are models of Observer; structs that lack one member are none.
#include "asterism/observe/concept.hpp"

#include <doctest/doctest.h>

#include "asterism/observe/counts.hpp"
#include "asterism/observe/none.hpp"
#include "asterism/observe/trace.hpp"

using namespace asterism;
using namespace asterism::observe;

namespace {

struct Complete {
  void scored(std::int32_t, std::int32_t, View<const float>) {}
  void routed(std::int32_t, std::int32_t, std::int32_t, float) {}
  void moved(std::int32_t, std::int32_t, Bytes) {}
};
struct NoScored {
  void routed(std::int32_t, std::int32_t, std::int32_t, float) {}
  void moved(std::int32_t, std::int32_t, Bytes) {}
};
struct NoRouted {
  void scored(std::int32_t, std::int32_t, View<const float>) {}
  void moved(std::int32_t, std::int32_t, Bytes) {}
};
struct NoMoved {
  void scored(std::int32_t, std::int32_t, View<const float>) {}
  void routed(std::int32_t, std::int32_t, std::int32_t, float) {}
};
struct ScoresToWrite : NoScored {
  void scored(std::int32_t, std::int32_t, View<float>) {}
};

static_assert(Observer<Complete> && Observer<None> && Observer<Counts> && Observer<Trace>);
static_assert(!Observer<NoScored> && !needs::scored<NoScored> && needs::routed<NoScored> &&
              needs::moved<NoScored>);
static_assert(!Observer<NoRouted> && !needs::routed<NoRouted> && needs::scored<NoRouted> &&
              needs::moved<NoRouted>);
static_assert(!Observer<NoMoved> && !needs::moved<NoMoved> && needs::scored<NoMoved> && needs::routed<NoMoved>);
static_assert(!Observer<ScoresToWrite>);  // nobody may change the probabilities
static_assert(!Observer<int>);

}  // namespace

TEST_CASE("observers are checked when this file compiles") { CHECK(Observer<Complete>); }
