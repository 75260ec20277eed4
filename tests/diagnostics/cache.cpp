// What compilers say of a cache that lacks a member: each line has to be refused, by the name of the variable.
#include "lacking/cache.hpp"

#include "lacking/model.hpp"

namespace asterism::lacking::caches {

template <class Lacking>
using Model = lacking::Model<Complete, Lacking>;
template <cache::Valued T>
struct Uses {};

Uses<Model<NoCapacity>> capacity;
Uses<Model<NoContains>> contains;
Uses<Model<NoObserve>> observe;
Uses<Model<NoAdmit>> admit;
Uses<Model<NoPin>> pin;
Uses<Model<NoUnpin>> unpin;
Uses<Model<NoValue>> value;

}  // namespace asterism::lacking::caches
