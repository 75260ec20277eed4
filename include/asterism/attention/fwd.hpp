// Forward declarations of the room `attention`: attention and its caches.
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
