// What compilers say of a mixer that lacks a member: each line has to be refused, by the name of the variable.
#include "lacking/mixer.hpp"

#include "asterism/attention/recurrent_state.hpp"
#include "asterism/attention/static_kv_cache.hpp"
#include "asterism/backend/host.hpp"
#include "asterism/parallel/serial.hpp"

#include "lacking/model.hpp"

namespace asterism::lacking::mixers {

template <class Lacking>
using Model = lacking::Model<Complete, Lacking>;
template <attention::Mixer T>
struct Uses {};
template <
    attention::MixerOn<backend::SerialHost, attention::StaticKvCache<quant::Float32>, attention::RecurrentState<>>
        T>
struct Runs {};

Uses<Model<NoName>> name;
Uses<Model<NoIsRecurrent>> is_recurrent;
Uses<Model<NoLayers>> layers;
Uses<Model<NoFootprint>> footprint;
Uses<Model<NoSlab>> slab;
Uses<Model<NoScratch>> scratch;
Runs<Model<NoDraw>> draw;
Runs<Model<NoForward>> mix;

}  // namespace asterism::lacking::mixers
