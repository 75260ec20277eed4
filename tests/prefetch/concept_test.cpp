// All shipped prefetchers are models of Prefetch and obey its laws; structs that lack one member are none.
#include "asterism/prefetch/concept.hpp"

#include <algorithm>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/prefetch/learned.hpp"
#include "asterism/prefetch/mixture.hpp"
#include "asterism/prefetch/multi_layer.hpp"
#include "asterism/prefetch/next_gate.hpp"
#include "asterism/prefetch/none.hpp"
#include "asterism/prefetch/pattern.hpp"
#include "asterism/prefetch/pre_gated.hpp"
#include "asterism/prefetch/previous_layer.hpp"

#include "lacking/prefetch.hpp"
#include "laws/prefetch_laws.hpp"

using namespace asterism;
using namespace asterism::prefetch;
using namespace asterism::lacking::prefetchers;

namespace {

struct ReturnsNothing : Complete {
  void predict(std::int32_t, View<Prediction>) {}
};

static_assert(Prefetch<Complete> && Prefetch<None> && Prefetch<Pattern> && Prefetch<Adaptive>);
static_assert(!Prefetch<NoObserve> && !needs::observe<NoObserve> && needs::predict<NoObserve>);
static_assert(!Prefetch<NoPredict> && !needs::predict<NoPredict> && needs::observe<NoPredict>);
static_assert(!Prefetch<ReturnsNothing> && !Prefetch<int>);

using Unlearned = Mixture<PreviousLayer, MultiLayer, NextGate>;
static_assert(KeepsSequencesApart<None> && KeepsSequencesApart<PreviousLayer> && KeepsSequencesApart<MultiLayer>);
static_assert(KeepsSequencesApart<NextGate> && KeepsSequencesApart<PreGated> && KeepsSequencesApart<Unlearned>);
static_assert(!KeepsSequencesApart<Pattern> && !KeepsSequencesApart<Learned> && !KeepsSequencesApart<Adaptive>);

/// Always the first member.
struct Own {
  explicit Own(const Extent& extent) : groups(extent.groups) {}
  void observe(const Routing&) {}
  std::size_t predict(std::int32_t group, View<Prediction> out) {
    if (group < 0 || group >= groups || out.empty()) return 0;
    out[0] = {.part = {.group = group, .member = 0}, .probability = 0.5F};
    return 1;
  }
  std::int32_t groups;
};

// The mistakes that the laws are to find, one each, in a prefetcher that is sound.
struct Sound : MultiLayer {
  using MultiLayer::MultiLayer;
};
struct AnotherGroup : Sound {
  using Sound::Sound;
  std::size_t predict(std::int32_t group, View<Prediction> out) {
    const std::size_t count = Sound::predict(group, out);
    for (std::size_t i = 0; i < count; ++i) ++out[i].part.group;
    return count;
  }
};
struct Twice : Sound {
  using Sound::Sound;
  std::size_t predict(std::int32_t group, View<Prediction> out) {
    const std::size_t count = Sound::predict(group, out);
    if (count > 1) out[1].part = out[0].part;
    return count;
  }
};
struct WorstFirst : Sound {
  using Sound::Sound;
  std::size_t predict(std::int32_t group, View<Prediction> out) {
    const std::size_t count = Sound::predict(group, out);
    std::reverse(out.begin(), out.begin() + count);
    return count;
  }
};
struct AboveOne : Sound {
  using Sound::Sound;
  std::size_t predict(std::int32_t group, View<Prediction> out) {
    const std::size_t count = Sound::predict(group, out);
    for (std::size_t i = 0; i < count; ++i) out[i].probability *= 3;
    return count;
  }
};
struct AskedItChanges : Sound {
  using Sound::Sound;
  std::size_t predict(std::int32_t group, View<Prediction> out) {
    return ++asked % 7 == 0 ? 0 : Sound::predict(group, out);
  }
  int asked = 0;
};
struct Forgetful : Sound {
  using Sound::Sound;
  void observe(const Routing& routing) {
    if (++all % 101 != 0) Sound::observe(routing);
  }
  static inline int all = 0;
};
struct Refuses : Sound {
  using Sound::Sound;
  void observe(const Routing& routing) {
    if (routing.group < 0) throw InvalidArgument("a group below 0");
    Sound::observe(routing);
  }
};
struct Mixes : Sound {  // promises what it does not keep
  using Sound::Sound;
  void observe(const Routing& routing) {
    Routing one = routing;
    one.sequence = 0;
    Sound::observe(one);
  }
};

}  // namespace

TEST_CASE_TEMPLATE("the prefetchers obey the laws", P, None, PreviousLayer, MultiLayer, Pattern, Learned, NextGate,
                   PreGated, Adaptive, Unlearned) {
  laws::prefetch<P>();
}

TEST_CASE_TEMPLATE("the laws find mistakes" * doctest::should_fail(), P, AnotherGroup, Twice, WorstFirst, AboveOne,
                   AskedItChanges, Forgetful, Refuses, Mixes) {
  laws::prefetch<P>();
}

TEST_CASE("a mixture takes prefetchers of one's own, asked by the contract alone") {
  laws::prefetch<Mixture<Pattern, Own>>();
}

TEST_CASE_TEMPLATE("extents of nothing are refused", P, PreviousLayer, MultiLayer, Pattern, Learned, NextGate,
                   PreGated, Adaptive) {
  for (const Extent wrong : {Extent{0, 8, 1}, Extent{4, 0, 1}, Extent{4, 8, 0}, Extent{-1, 8, 1}}) {
    CHECK_THROWS_WITH_AS(P{wrong}, doctest::Contains("expected at least 1 of each"), InvalidArgument);
  }
}
