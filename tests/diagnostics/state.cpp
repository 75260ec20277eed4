// What compilers say of a state that lacks a member: each line has to be refused, by the name of the variable.
#include "lacking/state.hpp"

#include "asterism/backend/host.hpp"
#include "asterism/parallel/serial.hpp"

#include "lacking/model.hpp"

namespace asterism::lacking::states {

template <class Lacking>
using Model = lacking::Model<Complete, Lacking>;
template <attention::State T>
struct Uses {};
template <attention::StateOn<backend::SerialHost> T>
struct Runs {};

Uses<Model<NoLayerBytes>> state_layer_bytes;
Runs<Model<NoDevice>> state_construct;
Uses<Model<NoBefore>> before;
Uses<Model<NoAfter>> after;
Uses<Model<NoAdvance>> advance;
Uses<Model<NoKeep>> keep;
Uses<Model<NoKeepLongest>> keep_longest;
Runs<Model<NoTrim>> state_trim;

}  // namespace asterism::lacking::states
