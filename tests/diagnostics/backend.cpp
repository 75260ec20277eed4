// What compilers say of a backend that lacks a member: each line has to be refused, by the name of the variable.
#include "lacking/backend.hpp"

#include "asterism/gating/softmax_top_k.hpp"

#include "lacking/model.hpp"

namespace asterism::lacking::backends {

template <class Lacking>
using Model = lacking::Model<Complete, Lacking>;
template <backend::Backend B>
struct Uses {};
template <backend::Routes<gating::SoftmaxTopK> B>
struct Routes {};
template <backend::RecurrentOps B>
struct Recurrent {};
template <backend::ActivationOps B>
struct Activations {};
template <backend::AdapterOps B>
struct Adapts {};
template <backend::PruningOps B>
struct Prunes {};

Uses<Model<NoConstruct>> construct;
Uses<Model<NoArena>> arena;
Uses<Model<NoAllocate>> allocate;
Uses<Model<NoWrite>> write;
Uses<Model<NoReserve>> reserve;
Uses<Model<NoUpload>> upload;
Uses<Model<NoDownload>> download;
Uses<Model<NoRead>> read;
Uses<Model<NoCopyFrom>> copy_from;
Uses<Model<NoSynchronize>> synchronize;
Uses<Model<NoEmbed>> embed;
Uses<Model<NoRmsNorm>> rms_norm;
Uses<Model<NoProduct>> product;
Uses<Model<NoProducts>> products;
Uses<Model<NoGroupedSwiglu>> grouped_swiglu;
Uses<Model<NoGroupedProduct>> grouped_product;
Uses<Model<NoAdd>> add;
Uses<Model<NoSiluMultiply>> silu_multiply;
Uses<Model<NoSigmoidMultiply>> sigmoid_multiply;
Uses<Model<NoSplit>> split;
Uses<Model<NoRotaryTables>> rotary_tables;
Uses<Model<NoRotate>> rotate;
Uses<Model<NoAppendKv>> append_kv;
Uses<Model<NoAttend>> attend;
Routes<Model<NoRoute>> route;
Uses<Model<NoGroup>> group;
Uses<Model<NoGather>> gather;
Uses<Model<NoCombine>> combine;
Recurrent<Model<NoCausalConvolution>> causal_convolution;
Recurrent<Model<NoDeltaGates>> delta_gates;
Recurrent<Model<NoDeltaRule>> delta_rule;
Recurrent<Model<NoGatedRmsNorm>> gated_rms_norm;
Activations<Model<NoRelu>> relu;
Adapts<Model<NoAddLowRank>> add_low_rank;
Adapts<Model<NoGroupedAddLowRank>> grouped_add_low_rank;
Prunes<Model<NoAttentionMass>> attention_mass;
Prunes<Model<NoDropLeast>> drop_least;

}  // namespace asterism::lacking::backends
