// What compilers say of an observer that lacks a member: each line has to be refused, by the name of the variable.
#include "lacking/observer.hpp"

#include "lacking/model.hpp"

namespace asterism::lacking::observers {

template <class Lacking>
using Model = lacking::Model<Complete, Lacking>;
template <observe::Observer T>
struct Uses {};

Uses<Model<NoBegin>> begin;
Uses<Model<NoScored>> scored;
Uses<Model<NoRouted>> routed;
Uses<Model<NoMoved>> moved;

}  // namespace asterism::lacking::observers
