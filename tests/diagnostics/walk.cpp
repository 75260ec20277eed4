// What compilers say of a walk that lacks a member: each line has to be refused, by the name of the variable.
#include "lacking/walk.hpp"

#include "lacking/model.hpp"

namespace asterism::lacking::walks {

template <class Lacking>
using Model = lacking::Model<Complete, Lacking>;
template <knowledge::WalkPolicy T>
struct Uses {};

Uses<Model<NoRank>> rank;

}  // namespace asterism::lacking::walks
