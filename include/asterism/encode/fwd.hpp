// Forward declarations of the room `encode`: texts as vectors.
#pragma once

namespace asterism::encode {

struct BertConfig;
class BertNetwork;
class BertEncoder;
class FrequencyTable;
class HashedNgrams;
template <class B>
class ModelEncoder;

}  // namespace asterism::encode
