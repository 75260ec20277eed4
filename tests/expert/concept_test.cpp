// All shipped experts are models of Expert and obey its laws; structs that lack one member are none.
#include "asterism/expert/concept.hpp"

#include <doctest/doctest.h>

#include "asterism/backend/host.hpp"
#include "asterism/expert/relu.hpp"
#include "asterism/expert/swiglu.hpp"
#include "asterism/parallel/threads.hpp"
#include "asterism/quant/bfloat16.hpp"
#include "asterism/quant/float16.hpp"
#include "asterism/quant/float32.hpp"
#include "asterism/quant/group_int.hpp"
#include "asterism/quant/nf4.hpp"

#include "lacking/expert.hpp"
#include "laws/expert_laws.hpp"

using namespace asterism;
using namespace asterism::expert;
using namespace asterism::lacking::experts;

static_assert(Expert<Complete> && Expert<SwiGlu<quant::Float32>> && Expert<SwiGlu<quant::Nf4<64>>>);
static_assert(Expert<Relu<quant::Nf4<64>>> && !Gated<Relu<quant::Nf4<64>>> && Gated<SwiGlu<quant::Nf4<64>>>);
static_assert(!Expert<NoShape> && needs::footprint<NoShape>);
static_assert(!Expert<NoFootprint> && !needs::footprint<NoFootprint> && needs::in_dim<NoFootprint>);
static_assert(!Expert<NoInDim> && !needs::in_dim<NoInDim> && needs::out_dim<NoInDim>);
static_assert(!Expert<NoOutDim> && !needs::out_dim<NoOutDim> && needs::in_dim<NoOutDim>);
static_assert(!Expert<NoMatrices> && !needs::matrices<NoMatrices> && needs::scratch<NoMatrices>);
static_assert(!Movable<NoSet> && !needs::set<NoSet> && needs::matrices<NoSet>);
static_assert(!Expert<NoLayOut> && !needs::lay_out<NoLayOut> && needs::scratch<NoLayOut>);
static_assert(!Expert<NoScratch> && !needs::scratch<NoScratch> && needs::matrices<NoScratch>);
static_assert(ExpertOn<Complete, backend::Host> && ExpertOn<SwiGlu<quant::Nf4<64>>, backend::Host>);
static_assert(Expert<NoForward> && !ExpertOn<NoForward, backend::Host>);
static_assert(!Expert<int>);

TEST_CASE_TEMPLATE("the experts obey the laws", E, SwiGlu<quant::Float32>, SwiGlu<quant::BFloat16>,
                   SwiGlu<quant::Float16>, SwiGlu<quant::Int8<>>, SwiGlu<quant::Int4<>>, SwiGlu<quant::Nf4<64>>,
                   SwiGlu<quant::Nf4<64, quant::DoubleQuantized>>, Relu<quant::Float32>, Relu<quant::Int8<>>,
                   Relu<quant::Nf4<64, quant::DoubleQuantized>>) {
  laws::expert<E>();
}
