// A run that needs more than the device may hold is refused, and the refusal shows the bytes of each part.
// expected: (TrainingMemory<[0-9]+U?L?[^>]*|Allowed=)68719476736U?L?
#include "asterism/machine/machine.hpp"
#include "asterism/shape/catalogue.hpp"
#include "asterism/train/plan.hpp"

using namespace asterism;

inline constexpr Machine server = [] {
  Machine machine;
  machine.add(64_GiB, DeviceKind::host);
  return machine;
}();

struct Mixtral : Blueprint {
  static constexpr Shape shape = shapes::mixtral_8x7b;
#ifndef SOUND
  using Quantization = quant::Float32;
  using Embedding = quant::Float32;
  using Head = quant::Float32;
#endif
};
struct Short : train::Recipe {
#ifdef SOUND
  static constexpr train::Adapters adapters{.attention = 8, .experts = 8};
#endif
  using Recompute = train::recompute::Layers;
  static constexpr std::int32_t batch = 1;
};
static_assert(train::fits<Mixtral, Short, server>());
