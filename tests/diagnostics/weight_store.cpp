// What compilers say of a store of weights that lacks a member: each line has to be refused, by the name of the
// variable.
#include "lacking/weight_store.hpp"

#include "lacking/model.hpp"

namespace asterism::lacking::weight_stores {

template <class Lacking>
using Model = lacking::Model<Complete, Lacking>;
template <checkpoint::WeightStore T>
struct Uses {};

Uses<Model<NoTensors>> tensors;
Uses<Model<NoFind>> find;
Uses<Model<NoDescribe>> describe;
Uses<Model<NoStored>> stored;
Uses<Model<NoReadFloats>> read_floats;
Uses<Model<NoRelease>> release;

}  // namespace asterism::lacking::weight_stores
