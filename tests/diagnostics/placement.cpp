// What compilers say of a placement that lacks a member: each line has to be refused, by the name of the variable.
#include "lacking/placement.hpp"

#include "lacking/model.hpp"

namespace asterism::lacking::placements {

template <class Lacking>
using Model = lacking::Model<Complete, Lacking>;
template <placement::Placement T>
struct Uses {};

Uses<Model<NoPlan>> plan;

}  // namespace asterism::lacking::placements
