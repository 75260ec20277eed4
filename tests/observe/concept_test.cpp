// All shipped observers are models of Observer and obey its laws; structs that lack one member are none.
#include "asterism/observe/concept.hpp"

#include <doctest/doctest.h>

#include "asterism/observe/balance.hpp"
#include "asterism/observe/counts.hpp"
#include "asterism/observe/none.hpp"
#include "asterism/observe/trace.hpp"

#include "lacking/observer.hpp"
#include "laws/observer_laws.hpp"

using namespace asterism;
using namespace asterism::observe;
using namespace asterism::lacking::observers;

namespace {

struct ScoresToWrite : Complete {
  void scored(std::int32_t, std::int32_t, View<float>) {}
};

static_assert(Observer<Complete> && Observer<None> && Observer<Counts> && Observer<Balance> && Observer<Trace> &&
              Observer<FullTrace>);
static_assert(!Observer<NoBegin> && !needs::begin<NoBegin> && needs::scored<NoBegin>);
static_assert(!Observer<NoScored> && !needs::scored<NoScored> && needs::routed<NoScored> &&
              needs::moved<NoScored>);
static_assert(!Observer<NoRouted> && !needs::routed<NoRouted> && needs::scored<NoRouted> &&
              needs::moved<NoRouted>);
static_assert(!Observer<NoMoved> && !needs::moved<NoMoved> && needs::scored<NoMoved> && needs::routed<NoMoved>);
static_assert(!Observer<ScoresToWrite>);  // nobody may change the probabilities
static_assert(!Observer<int>);

}  // namespace

TEST_CASE_TEMPLATE("runs tell the observers by the laws", O, None, Counts, Balance, Trace, FullTrace) {
  laws::observer<O>();
}
