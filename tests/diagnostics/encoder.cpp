// What compilers say of an encoder that lacks a member: each line has to be refused, by the name of the variable.
#include "lacking/encoder.hpp"

#include "lacking/model.hpp"

namespace asterism::lacking::encoders {

template <class Lacking>
using Model = lacking::Model<Complete, Lacking>;
template <encode::TextEncoder T>
struct Uses {};

Uses<Model<NoDim>> dim;
Uses<Model<NoFingerprint>> fingerprint;
Uses<Model<NoEncode>> encode;

}  // namespace asterism::lacking::encoders
