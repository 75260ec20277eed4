// Names of the room `attention`: how positions see each other, and what they remember.
#pragma once

namespace asterism::attention {

template <class Quantization>
class GroupedQuery;

template <class Format>
class KvStorage;
template <class Format>
class StaticKvCache;
template <class Format, int Window, int Sinks = 4>
class SlidingWindowKvCache;

}  // namespace asterism::attention
