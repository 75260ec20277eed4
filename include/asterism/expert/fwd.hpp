// Names of the room `expert`: what a token is sent to.
#pragma once

namespace asterism::expert {

template <class Quantization>
class SwiGlu;

}  // namespace asterism::expert
