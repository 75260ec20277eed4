// What compilers say of a key/value cache that lacks a member: each line has to be refused, by the name of the
// variable.
#include "lacking/kv_cache.hpp"

#include "asterism/backend/host.hpp"
#include "asterism/parallel/serial.hpp"

#include "lacking/model.hpp"

namespace asterism::lacking::kv_caches {

template <class Lacking>
using Model = lacking::Model<Pruning, Lacking>;
template <attention::KvCache T>
struct Uses {};
template <attention::Prunes T>
struct Prunes {};
template <attention::PrunesOn<backend::SerialHost> T>
struct PrunesHere {};
template <attention::KvCacheOn<backend::SerialHost> T>
struct Runs {};

Uses<Model<NoLayerBytes>> layer_bytes;
Runs<Model<NoConstruct>> construct;
Runs<Model<NoAppend>> append;
Uses<Model<NoCapacity>> capacity;
Uses<Model<NoBytes>> bytes;
Uses<Model<NoView>> view;
Uses<Model<NoTrim>> trim;
Prunes<Model<NoPassEnd>> pass_end;
Prunes<Model<NoSlot>> slot;
PrunesHere<Model<NoAttended>> attended;

}  // namespace asterism::lacking::kv_caches
