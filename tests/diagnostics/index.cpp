// What compilers say of an index that lacks a member: each line has to be refused, by the name of the variable.
#include "lacking/index.hpp"

#include "lacking/model.hpp"

namespace asterism::lacking::indexes {

template <class Lacking>
using Model = lacking::Model<Complete, Lacking>;
template <knowledge::VectorIndex T>
struct Uses {};

Uses<Model<NoDim>> dim;
Uses<Model<NoSize>> size;
Uses<Model<NoBytes>> bytes;
Uses<Model<NoInsert>> insert;
Uses<Model<NoErase>> erase;
Uses<Model<NoSearch>> search;

}  // namespace asterism::lacking::indexes
