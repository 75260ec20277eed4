// All shipped backends are models of Backend and obey its laws, cuda::Backend in tests/cuda; structs that lack one
// member are none.
#include "asterism/backend/concept.hpp"

#include <doctest/doctest.h>

#include "asterism/backend/host.hpp"
#include "asterism/parallel/serial.hpp"
#include "asterism/parallel/threads.hpp"

#include "lacking/backend.hpp"
#include "laws/backend_laws.hpp"
#include "laws/pruning_laws.hpp"
#include "laws/recurrent_laws.hpp"

using namespace asterism;
using namespace asterism::backend;
using namespace asterism::lacking::backends;

static_assert(Backend<Complete> && Backend<Host> && Backend<HostA8> && Backend<SerialHost>);
static_assert(!Backend<NoConstruct> && !needs::construct<NoConstruct> && needs::arena<NoConstruct>);
static_assert(Dense<NoConstruct> && AttentionOps<NoConstruct> && Dispatch<NoConstruct> && !Memory<NoConstruct>);
static_assert(!Backend<NoArena> && !needs::arena<NoArena> && needs::allocate<NoArena>);
static_assert(!Backend<NoAllocate> && !needs::allocate<NoAllocate> && needs::arena<NoAllocate>);
static_assert(!Backend<NoReserve> && !needs::reserve<NoReserve>);
static_assert(!Backend<NoProducts> && !needs::products<NoProducts>);
static_assert(!Backend<NoGroupedSwiglu> && !needs::grouped_swiglu<NoGroupedSwiglu>);
static_assert(!Backend<NoWrite> && !needs::write<NoWrite>);
static_assert(!Backend<NoRead> && !needs::read<NoRead>);
static_assert(!Backend<NoUpload> && !needs::upload<NoUpload>);
static_assert(!Backend<NoDownload> && !needs::download<NoDownload>);
static_assert(!Backend<NoCopyFrom> && !needs::copy_from<NoCopyFrom>);
static_assert(!Backend<NoSynchronize> && !needs::synchronize<NoSynchronize>);
static_assert(!Backend<NoRmsNorm> && !needs::rms_norm<NoRmsNorm>);
static_assert(!Backend<NoAdd> && !needs::add<NoAdd>);
static_assert(!Backend<NoGroup> && !needs::group<NoGroup>);
static_assert(!Backend<NoEmbed> && !needs::embed<NoEmbed>);
static_assert(!Backend<NoProduct> && !needs::product<NoProduct>);
static_assert(!Backend<NoGroupedProduct> && !needs::grouped_product<NoGroupedProduct>);
static_assert(!Backend<NoSiluMultiply> && !needs::silu_multiply<NoSiluMultiply>);
static_assert(!Backend<NoSigmoidMultiply> && !needs::sigmoid_multiply<NoSigmoidMultiply>);
static_assert(!Backend<NoSplit> && !needs::split<NoSplit>);
static_assert(!Backend<NoRotaryTables> && !needs::rotary_tables<NoRotaryTables>);
static_assert(!Backend<NoRotate> && !needs::rotate<NoRotate>);
static_assert(!Backend<NoAppendKv> && !needs::append_kv<NoAppendKv>);
static_assert(!Backend<NoAttend> && !needs::attend<NoAttend>);
static_assert(Backend<NoRoute> && !Routes<NoRoute, gating::SoftmaxTopK>);
static_assert(!Backend<NoGather> && !needs::gather<NoGather>);
static_assert(!Backend<NoCombine> && !needs::combine<NoCombine>);
static_assert(!Backend<int>);

// The recurrent family is no part of Backend.
static_assert(RecurrentOps<Complete> && RecurrentOps<Host> && RecurrentOps<HostA8>);
static_assert(Backend<NoCausalConvolution> && !RecurrentOps<NoCausalConvolution>);
static_assert(!needs::causal_convolution<NoCausalConvolution> && needs::delta_rule<NoCausalConvolution>);
static_assert(Backend<NoDeltaGates> && !RecurrentOps<NoDeltaGates> && !needs::delta_gates<NoDeltaGates>);
static_assert(Backend<NoDeltaRule> && !RecurrentOps<NoDeltaRule> && !needs::delta_rule<NoDeltaRule>);
static_assert(Backend<NoGatedRmsNorm> && !RecurrentOps<NoGatedRmsNorm> && !needs::gated_rms_norm<NoGatedRmsNorm>);
static_assert(!RecurrentOps<int>);
static_assert(ActivationOps<Complete> && Backend<NoRelu> && !ActivationOps<NoRelu> && !needs::relu<NoRelu>);
static_assert(PruningOps<Complete> && PruningOps<Host> && PruningOps<HostA8> && !PruningOps<int>);
static_assert(Backend<NoAttentionMass> && !PruningOps<NoAttentionMass> && !needs::attention_mass<NoAttentionMass>);
static_assert(Backend<NoDropLeast> && !PruningOps<NoDropLeast> && !needs::drop_least<NoDropLeast>);

TEST_CASE_TEMPLATE("the backends obey the laws", B, Host, HostA8, SerialHost) { laws::backend<B>(); }
TEST_CASE_TEMPLATE("the backends obey the recurrent laws", B, Host, HostA8, SerialHost) { laws::recurrent<B>(); }
TEST_CASE_TEMPLATE("the backends obey the pruning laws", B, Host, HostA8, SerialHost) { laws::pruning<B>(); }
