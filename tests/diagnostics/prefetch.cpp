// What compilers say of a prefetcher that lacks a member: each line has to be refused, by the name of the variable.
#include "lacking/prefetch.hpp"

#include "lacking/model.hpp"

namespace asterism::lacking::prefetchers {

template <class Lacking>
using Model = lacking::Model<Complete, Lacking>;
template <prefetch::Prefetch T>
struct Uses {};

Uses<Model<NoObserve>> observe;
Uses<Model<NoPredict>> predict;

}  // namespace asterism::lacking::prefetchers
