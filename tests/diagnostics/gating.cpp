// What compilers say of a gating that lacks a member: each line has to be refused, by the name of the variable.
#include "lacking/gating.hpp"

#include "lacking/model.hpp"

namespace asterism::lacking::gatings {

template <class Lacking>
using Model = lacking::Model<Complete, Lacking>;
template <gating::Gating T>
struct Uses {};

Uses<Model<NoTopK>> top_k;
Uses<Model<NoRoute>> route;
Uses<Model<NoNormalised>> normalised;

}  // namespace asterism::lacking::gatings
