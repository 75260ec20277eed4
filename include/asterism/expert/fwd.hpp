// Forward declarations of the room `expert`.
#pragma once

namespace asterism::expert {

struct NoAdapters;
template <class Quantization>
class FeedForward;
template <class Quantization>
class SwiGlu;
template <class Quantization>
class Relu;

}  // namespace asterism::expert
