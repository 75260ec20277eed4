// What compilers say of a schedule that lacks a member: each line has to be refused, by the name of the variable.
#include "lacking/schedule.hpp"

#include "lacking/model.hpp"

namespace asterism::lacking::schedules {

template <class Lacking>
using Model = lacking::Model<Complete, Lacking>;
template <train::Schedule T>
struct Uses {};

Uses<Model<NoFactor>> factor;

}  // namespace asterism::lacking::schedules
