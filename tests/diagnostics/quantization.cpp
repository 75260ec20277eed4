// What compilers say of a storage format that lacks a member: each line has to be refused, by the name of the variable.
#include "lacking/quantization.hpp"

#include "lacking/model.hpp"

namespace asterism::lacking::quantizations {

template <class Lacking>
using Model = lacking::Model<Complete, Lacking>;
template <quant::Quantization T>
struct Uses {};

Uses<Model<NoName>> name;
Uses<Model<NoBitsPerWeight>> bits_per_weight;
Uses<Model<NoCodeBits>> code_bits;
Uses<Model<NoElementBytes>> element_bytes;
Uses<Model<NoPlanes>> planes;
Uses<Model<NoEncode>> encode;
Uses<Model<NoDecode>> decode;
Uses<Model<NoErrorBound>> error_bound;

}  // namespace asterism::lacking::quantizations
