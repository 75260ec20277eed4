// All shipped policies are models of Gating and obey its laws; structs that lack one member are none.
#include "asterism/gating/concept.hpp"

#include <cstddef>

#include <doctest/doctest.h>

#include "asterism/gating/sigmoid_top_k.hpp"
#include "asterism/gating/softmax_top_k.hpp"
#include "asterism/gating/switch.hpp"

#include "lacking/gating.hpp"
#include "laws/gating_laws.hpp"

using namespace asterism;
using namespace asterism::gating;
using namespace asterism::lacking::gatings;

template <>
inline constexpr std::size_t laws::most_chosen<Switch> = 1;

namespace {

struct RouteChangesThePolicy {
  bool normalised() const { return false; }
  std::size_t top_k() const { return 1; }
  void route(View<float>, View<Route>) {}
};

static_assert(Gating<Complete> && Gating<SoftmaxTopK> && Gating<Switch> && Gating<SigmoidTopK>);
static_assert(Capped<Switch> && !Capped<SoftmaxTopK> && Biased<SigmoidTopK> && !Biased<SoftmaxTopK>);
static_assert(!Gating<NoTopK> && !needs::top_k<NoTopK> && needs::route<NoTopK> && needs::normalised<NoTopK>);
static_assert(!Gating<NoRoute> && !needs::route<NoRoute> && needs::top_k<NoRoute>);
static_assert(!Gating<NoNormalised> && !needs::normalised<NoNormalised> && needs::route<NoNormalised>);
static_assert(!Gating<RouteChangesThePolicy>);
static_assert(!Gating<int>);

}  // namespace

TEST_CASE_TEMPLATE("the policies obey the laws", G, SoftmaxTopK, Switch, SigmoidTopK) { laws::gating<G>(); }

TEST_CASE("with options too") {
  for (const SoftmaxTopKOptions options :
       {SoftmaxTopKOptions{.normalised = false}, {.temperature = 0.5F}, {.normalised = false, .temperature = 3}}) {
    laws::gating([&](std::size_t experts, std::size_t top_k) { return SoftmaxTopK(experts, top_k, options); });
  }
  laws::gating(
      [](std::size_t experts, std::size_t top_k) { return SigmoidTopK(experts, top_k, {.normalised = false}); });
}
