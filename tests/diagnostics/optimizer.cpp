// What compilers say of an optimizer that lacks a member: each line has to be refused, by the name of the variable.
#include "lacking/optimizer.hpp"

#include "lacking/model.hpp"

namespace asterism::lacking::optimizers {

template <class Lacking>
using Model = lacking::Model<Complete, Lacking>;
template <train::Optimizer T>
struct Uses {};

Uses<Model<NoRate>> rate;
Uses<Model<NoStateBytes>> state_bytes;
Uses<Model<NoWorkBytes>> work_bytes;
Uses<Model<NoInitialise>> initialise;
Uses<Model<NoUpdate>> update;

}  // namespace asterism::lacking::optimizers
