// What compilers say of a schema that lacks a member: each line has to be refused, by the name of the variable.
#include "lacking/schema.hpp"

#include "lacking/model.hpp"

namespace asterism::lacking::schemas {

template <class Lacking>
using Model = lacking::Model<Complete, Lacking>;
template <knowledge::GraphSchema T>
struct Uses {};

Uses<Model<NoKinds>> kinds;
Uses<Model<NoNames>> names;
Uses<Model<NoEnds>> ends;
Uses<Model<NoFunctional>> functional;
Uses<Model<NoMergeable>> mergeable;

}  // namespace asterism::lacking::schemas
