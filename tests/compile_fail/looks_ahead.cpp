// An expert whose rows see their neighbours is no expert of a causal decoder.
// expected: rows of this expert see their neighbours
#include "asterism/expert/swiglu.hpp"
#include "asterism/model/plan.hpp"

using namespace asterism;

template <class Q>
struct Neighbours : expert::SwiGlu<Q> {
  using expert::SwiGlu<Q>::SwiGlu;
#ifndef SOUND
  static constexpr bool row_independent = false;
#endif
};
struct Mine : Blueprint {
  template <class Q>
  using Expert = Neighbours<Q>;
};
using Experts = model::Assembly<Mine>::Constellation;
static_assert(Experts::router_bytes({.hidden = 8, .experts = 4}).count > 0);
