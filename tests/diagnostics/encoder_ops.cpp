// What compilers say of a backend for encoders that lacks a member: each line has to be refused, by the name of the
// variable.
#include "lacking/encoder_ops.hpp"

#include "lacking/model.hpp"

namespace asterism::lacking::encoder_ops {

template <class Lacking>
using Model = lacking::Model<Complete, Lacking>;
template <backend::Encoder T>
struct Encodes {};

Encodes<Model<NoLayerNorm>> layer_norm;
Encodes<Model<NoGelu>> gelu;
Encodes<Model<NoSigmoid>> sigmoid;
Encodes<Model<NoDropout>> dropout;
Encodes<Model<NoAttendBothWays>> attend_both_ways;
Encodes<Model<NoWeighByConfidence>> weigh_by_confidence;
Encodes<Model<NoSquaredError>> squared_error;

}  // namespace asterism::lacking::encoder_ops
