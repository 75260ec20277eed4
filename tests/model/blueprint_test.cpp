// Variants: what hiding an alias changes, and what a misspelt one does not.
#include "asterism/model/blueprint.hpp"

#include <type_traits>

#include <doctest/doctest.h>

#include "asterism/cache/fwd.hpp"
#include "asterism/observe/counts.hpp"
#include "asterism/parallel/serial.hpp"
#include "asterism/placement/sequential.hpp"
#include "asterism/prefetch/fwd.hpp"
#include "asterism/quant/float32.hpp"
#include "asterism/quant/least_squares.hpp"
#include "asterism/shape/catalogue.hpp"

using namespace asterism;

namespace {

struct Same : Blueprint {};
struct OtherLimits : Blueprint {
  static constexpr Limits limits{.context = 4095};
};
struct OtherQuantization : Blueprint {
  using Quantization = quant::Nf4<64, quant::DoubleQuantized, quant::LeastSquares>;
};
struct OtherEmbedding : Blueprint {
  using Embedding = quant::Float16;
};
struct OtherHead : Blueprint {
  using Head = quant::Float16;
};
struct OtherPlacement : Blueprint {
  using Placement = placement::Sequential;
};
struct OtherCache : Blueprint {
  using Cache = cache::LeastRecent;
};
struct OtherPrefetch : Blueprint {
  using Prefetch = prefetch::Pattern;
};
struct OtherKvCache : Blueprint {
  using KvCache = attention::StaticKvCache<quant::Float32>;
};
struct SparseGating : gating::SoftmaxTopK {};
struct OtherGating : Blueprint {
  using Gating = SparseGating;
};
template <class Q>
struct PatchedExpert : expert::SwiGlu<Q> {};
struct OtherExpert : Blueprint {
  template <class Q>
  using Expert = PatchedExpert<Q>;
};
struct OtherBackend : Blueprint {
  using Backend = backend::BasicHost<parallel::Serial>;
};
struct OtherObserver : Blueprint {
  using Observer = observe::Counts;
};
struct SomeHook {};
struct OtherScoreHook : Blueprint {
  using ScoreHook = SomeHook;
};
struct OtherLogitsHook : Blueprint {
  using LogitsHook = SomeHook;
};
struct Misspelt : Blueprint {
  using Quantisation = quant::BFloat16;  // hides nothing
};
struct WithShape : Blueprint {
  static constexpr Shape shape = shapes::mixtral_8x7b;
};

static_assert(differs<OtherLimits, Blueprint>);
static_assert(differs<OtherQuantization, Blueprint>);
static_assert(differs<OtherEmbedding, Blueprint>);
static_assert(differs<OtherHead, Blueprint>);
static_assert(differs<OtherPlacement, Blueprint>);
static_assert(differs<OtherKvCache, Blueprint>);
static_assert(differs<OtherCache, Blueprint>);
static_assert(differs<OtherPrefetch, Blueprint>);
static_assert(differs<OtherGating, Blueprint>);
static_assert(differs<OtherExpert, Blueprint>);
static_assert(differs<OtherBackend, Blueprint>);
static_assert(differs<OtherObserver, Blueprint>);
static_assert(differs<OtherScoreHook, Blueprint>);
static_assert(differs<OtherLogitsHook, Blueprint>);
static_assert(differs<OtherScoreHook, OtherLogitsHook>);
static_assert(differs<Blueprint, OtherHead>);

static_assert(!differs<Blueprint, Blueprint>);
static_assert(!differs<Same, Blueprint>);
static_assert(!differs<Misspelt, Blueprint>);
static_assert(!differs<WithShape, Blueprint>);  // the same policies for one model

static_assert(HasShape<WithShape>);
static_assert(!HasShape<Blueprint>);

}  // namespace

TEST_CASE("what depends on another alias follows the derived struct") {
  using Expert = OtherQuantization::Expert<OtherQuantization::Quantization>;
  CHECK(std::is_same_v<Expert::Weights::Format, OtherQuantization::Quantization>);
  CHECK(Blueprint::Quantization::name() == "nf4 block 64, double-quantized");
  CHECK(Misspelt::Quantization::name() == Blueprint::Quantization::name());
}
