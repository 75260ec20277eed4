// A cache that drops positions by the attention they drew, on a backend that does not measure it, is refused by name.
// expected: B::KvCache drops positions by the attention they drew, and B::Backend does not measure that
#include "asterism/attention/pruned_kv_cache.hpp"
#include "asterism/model/plan.hpp"

using namespace asterism;

struct Device : backend::Host {
  using BasicHost::BasicHost;

#ifndef SOUND
 private:
  using BasicHost::attention_mass;
#endif
};
struct Pruned : Blueprint {
  using Backend = Device;
  using KvCache = attention::PrunedKvCache<quant::Float16, 1024>;
};
placement::Plan planned(const Machine& machine, const Shape& shape) { return plan<Pruned>(machine, shape); }
