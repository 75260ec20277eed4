// What compilers say of a gating that lacks a member of what learns: each line has to be refused, by the name of the
// variable.
#include "lacking/model.hpp"
#include "lacking/trainable.hpp"

namespace asterism::lacking::trainable_gatings {

template <class Lacking>
using Model = lacking::Model<trainables::CompleteGating, Lacking>;
template <train::TrainableGating T>
struct Learns {};

using trainables::NoGatingBackward;
Learns<Model<NoGatingBackward>> gating_backward;

}  // namespace asterism::lacking::trainable_gatings
