// Forward declarations of the room `model`: the whole network, and the struct that describes a variant of it.
#pragma once

#include "asterism/core/fwd.hpp"
#include "asterism/expert/fwd.hpp"

namespace asterism {

struct Blueprint;

namespace model {

template <class MixerTypes, class Quantization, class Constellation, class FeedForward,
          class Adapters = expert::NoAdapters>
class DecoderBlock;
template <class Block, class EmbeddingFormat, class HeadFormat>
class Decoder;
template <class Block>
struct LayerWorkspace;
struct HeadWorkspace;
template <class Block>
class Workspace;
template <class Segments>
struct ScoreHooks;
template <class KvCache, class State>
class Caches;
template <class KvCache, class State, class Observer, class ScoreHook = NoHook,
          class Adapters = expert::NoAdapters>
struct Segment;
template <class A>
class AdapterSlot;

}  // namespace model
}  // namespace asterism
