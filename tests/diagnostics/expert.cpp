// What compilers say of an expert that lacks a member: each line has to be refused, by the name of the variable.
#include "lacking/expert.hpp"

#include "asterism/backend/host.hpp"
#include "asterism/parallel/serial.hpp"

#include "lacking/model.hpp"

namespace asterism::lacking::experts {

template <class Lacking>
using Model = lacking::Model<Complete, Lacking>;
template <expert::Expert T>
struct Uses {};
template <expert::Movable T>
struct Moves {};
template <expert::ExpertOn<backend::SerialHost> T>
struct Runs {};

Uses<Model<NoShape>> constructible_from;
Uses<Model<NoFootprint>> footprint;
Uses<Model<NoInDim>> in_dim;
Uses<Model<NoOutDim>> out_dim;
Uses<Model<NoSlab>> slab;
Uses<Model<NoMatrices>> matrices;
Moves<Model<NoSet>> set;
Uses<Model<NoLayOut>> lay_out;
Uses<Model<NoScratch>> scratch;
Runs<Model<NoForward>> forward;

}  // namespace asterism::lacking::experts
