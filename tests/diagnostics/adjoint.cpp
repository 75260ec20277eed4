// What compilers say of a backend that trains and lacks a member: each line has to be refused, by the name of the
// variable.
#include "lacking/adjoint.hpp"

#include "asterism/gating/softmax_top_k.hpp"

#include "lacking/model.hpp"

namespace asterism::lacking::adjoints {

template <class Lacking>
using Model = lacking::Model<Complete, Lacking>;
template <backend::Adjoint T>
struct Learns {};
template <backend::RoutesBackward<gating::SoftmaxTopK> T>
struct Routes {};

Learns<Model<NoReserveTraining>> reserve_training;
Learns<Model<NoClear>> clear;
Learns<Model<NoStoreFloats>> store_floats;
Learns<Model<NoLoadFloats>> load_floats;
Learns<Model<NoProductBackward>> product_backward;
Learns<Model<NoWeightGradient>> weight_gradient;
Learns<Model<NoGroupedProductBackward>> grouped_product_backward;
Learns<Model<NoGroupedWeightGradient>> grouped_weight_gradient;
Learns<Model<NoEmbedBackward>> embed_backward;
Learns<Model<NoRmsNormBackward>> rms_norm_backward;
Learns<Model<NoBiasBackward>> bias_backward;
Learns<Model<NoSiluMultiplyBackward>> silu_multiply_backward;
Learns<Model<NoReluBackward>> relu_backward;
Learns<Model<NoRotateBackward>> rotate_backward;
Learns<Model<NoAttendPacked>> attend_packed;
Learns<Model<NoCombineBackward>> combine_backward;
Learns<Model<NoGatherBackward>> gather_backward;
Learns<Model<NoTakeRows>> take_rows;
Learns<Model<NoCrossEntropy>> cross_entropy;
Learns<Model<NoSumRows>> sum_rows;
Learns<Model<NoRouterTerms>> router_terms;
Learns<Model<NoZLossBackward>> z_loss_backward;
Learns<Model<NoCountChoices>> count_choices;
Learns<Model<NoDropBeyond>> drop_beyond;
Learns<Model<NoAdapterProducts>> adapter_products;
Routes<Model<NoRouteBackward>> route_backward;

}  // namespace asterism::lacking::adjoints
