// What compilers say of an engine that lacks a member: each line has to be refused, by the name of the variable.
#include "lacking/engine.hpp"

#include "lacking/model.hpp"

namespace asterism::lacking::engines {

template <class Lacking>
using Model = lacking::Model<Complete, Lacking>;
template <index::IndexEngine T>
struct Uses {};

Uses<Model<NoOptions>> options;
Uses<Model<NoMaking>> made_of_options;
Uses<Model<NoSize>> size;
Uses<Model<NoBytes>> bytes;
Uses<Model<NoLeastRows>> least_rows;
Uses<Model<NoTrain>> train;
Uses<Model<NoAdd>> add;
Uses<Model<NoSearch>> search;
Uses<Model<NoSave>> save;
Uses<Model<NoRestore>> restore;

}  // namespace asterism::lacking::engines
