// What compilers say of a score hook that lacks a member: each line has to be refused, by the name of the variable.
#include "lacking/score_hook.hpp"

#include "lacking/model.hpp"

namespace asterism::lacking::score_hooks {

template <class Lacking>
using Model = lacking::Model<Complete, Lacking>;
template <constellation::ScoreHook T>
struct Uses {};

Uses<Model<NoAdjust>> adjust;
Uses<Model<NoVersion>> version;

}  // namespace asterism::lacking::score_hooks
