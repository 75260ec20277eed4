// All shipped mixers are models of Mixer and obey its laws; structs that lack one member are none.
#include "asterism/attention/mixer.hpp"

#include <doctest/doctest.h>

#include "asterism/attention/gated_delta_net.hpp"
#include "asterism/attention/grouped_query.hpp"
#include "asterism/attention/static_kv_cache.hpp"
#include "asterism/backend/host.hpp"
#include "asterism/quant/float32.hpp"
#include "asterism/quant/nf4.hpp"

#include "lacking/mixer.hpp"
#include "laws/mixer_laws.hpp"

using namespace asterism;
using namespace asterism::attention;
using namespace asterism::lacking::mixers;

namespace {

using Nf4 = quant::Nf4<64, quant::DoubleQuantized>;
using Kv = StaticKvCache<quant::Float32>;
using State = RecurrentState<>;

static_assert(Mixer<Complete> && Mixer<GroupedQuery<Nf4>> && Mixer<GatedDeltaNet<Nf4>>);
static_assert(MixerOn<GroupedQuery<Nf4>, backend::Host, Kv, State>);
static_assert(MixerOn<GatedDeltaNet<Nf4>, backend::Host, Kv, State>);
static_assert(!Mixer<NoName> && !needs::name<NoName> && needs::layers<NoName>);
static_assert(!Mixer<NoIsRecurrent> && !needs::is_recurrent<NoIsRecurrent>);
static_assert(!Mixer<NoLayers> && !needs::layers<NoLayers>);
static_assert(!Mixer<NoFootprint> && !needs::footprint<NoFootprint>);
static_assert(!Mixer<NoSlab> && !needs::slab<NoSlab>);
static_assert(!Mixer<NoScratch> && !needs::scratch<NoScratch>);
static_assert(Mixer<NoDraw> && !needs::draw<NoDraw, backend::Host>);
static_assert(Mixer<NoForward> && !needs::mix<NoForward, backend::Host, Kv, State>);
static_assert(!Mixer<int>);

constexpr Shape plain{.hidden = 40, .layers = 2, .heads = 6, .kv_heads = 2, .head_dim = 10, .rope_theta = 1e4};
constexpr Shape gated = [] {
  Shape shape = plain;
  shape.rotary_dim = 4;
  shape.attention_gate = true;
  shape.attention_bias = true;
  shape.qk_norm = true;
  shape.sliding_window = 5;
  return shape;
}();
constexpr Shape linear = [] {
  Shape shape = plain;
  shape.linear_layers = LayerSet::range(1, 2);
  shape.delta_net = {.key_heads = 2, .value_heads = 6, .key_width = 7, .value_width = 10, .kernel = 3};
  return shape;
}();

/// Bias added to rows as they stand in the pass: what a row answers depends on its neighbours.
template <class Q>
struct ByPlace : GroupedQuery<Q> {
  using GroupedQuery<Q>::GroupedQuery;
  template <class Device, class Segments>
  void forward(Device& device, std::int32_t layer, const Segments& segments, backend::DeviceMatrix<const float> x,
               backend::DeviceMatrix<const float> tables, const typename GroupedQuery<Q>::Scratch& scratch,
               backend::DeviceMatrix<float> out) const {
    GroupedQuery<Q>::forward(device, layer, segments, x, tables, scratch, out);
    for (std::size_t i = 0; i < out.rows(); ++i) out.view(i, 0) += static_cast<float>(i);
  }
};

}  // namespace

TEST_CASE_TEMPLATE("the mixers obey the laws", Q, quant::Float32, Nf4) {
  laws::mixer<GroupedQuery<Q>>(plain);
  laws::mixer<GroupedQuery<Q>>(gated);
  laws::mixer<GatedDeltaNet<Q>>(linear);
}

TEST_CASE("a mixer whose rows depend on their place is found" * doctest::should_fail()) {
  laws::mixer<ByPlace<quant::Float32>>(plain);
}
