// A program meets an incomplete policy where it first gives its Blueprint away, and the first error says all: the
// alias and the member.
// expected: (satisfaction of .KvCache<B>|'Own' does not satisfy 'KvCache'|concept KvCache = attention)
// expected: (satisfaction of .trim<|does not satisfy 'trim'|concept trim = requires)
#include "asterism/model/plan.hpp"

using namespace asterism;

struct Blocks : Blueprint::KvCache {
  using Blueprint::KvCache::KvCache;

#ifndef SOUND
 private:
  using Blueprint::KvCache::trim;
#endif
};
struct Own : Blueprint {
  using KvCache = Blocks;
};
placement::Plan planned(const Machine& machine, const Shape& shape) { return plan<Own>(machine, shape); }
