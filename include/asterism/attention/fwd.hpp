// Names of the room `attention`: how positions see each other, and what they remember.
#pragma once

namespace asterism::attention {

template <class Quantization>
class GroupedQuery;
template <class Format>
class BoundedKv;

}  // namespace asterism::attention
