// Forward declarations of the room `attention`: what mixes the tokens of a sequence, and what it remembers.
#pragma once

namespace asterism::attention {

template <class Quantization>
class GroupedQuery;
template <class Quantization>
class GatedDeltaNet;

template <int Slots = 4>
class RecurrentState;

template <class Format>
class KvStorage;
template <class Format>
class StaticKvCache;
template <class Format, int Window, int Sinks = 4>
class SlidingWindowKvCache;
template <class Format, int Keep, int Recent = Keep / 4, int Sinks = 4>
class PrunedKvCache;

}  // namespace asterism::attention
