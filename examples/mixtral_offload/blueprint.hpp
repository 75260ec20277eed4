// The variant that this example is about.
#pragma once

#include <asterism/asterism.hpp>
#include <asterism/cache/hazard.hpp>
#include <asterism/model/slotted_experts.hpp>

#include "../support/expert_tally.hpp"

namespace example {

using namespace asterism;

/// 4-bit experts of which a cache keeps the likeliest in main memory; the others are read from a spill file when they
/// are needed. For the checkpoint of any directory: the sizes come from its config.json.
struct Offload : Blueprint {
  static constexpr Limits limits{.context = 32768, .batch = 1, .prefill_chunk = 512, .threads = 64};
  using Quantization = quant::Nf4<64, quant::DoubleQuantized>;
  using KvCache = attention::StaticKvCache<quant::Float16>;
  using Backend = backend::HostA8;
  using Cache = cache::Hazard;
  using Observer = ExpertTally;  // for --report-html
};

/// Main memory as the only device.
inline Machine main_memory(Bytes size) {
  Machine machine;
  machine.add(size, DeviceKind::host);
  return machine;
}

/// The same with the sizes of Mixtral 8x7B and a context of 4096, so that the compiler can prove that 12 GiB do: 256
/// experts, which take 21.7 GiB, share what the other parts leave.
struct MixtralOffload : Offload {
  static constexpr Shape shape = shapes::mixtral_8x7b;
  static constexpr Limits limits{.context = 4096, .batch = 1, .prefill_chunk = 512, .threads = 64};
};
static_assert(fits<MixtralOffload, machines::ram12_disk30>());
static_assert(plan<MixtralOffload>(machines::ram12_disk30).slotted_experts(0) == 256);
static_assert(plan<MixtralOffload>(machines::ram12_disk30).expert_slots(0) == 120);

/// The full context leaves fewer.
struct MixtralOffloadLong : MixtralOffload {
  static constexpr Limits limits = Offload::limits;
};
static_assert(fits<MixtralOffloadLong, machines::ram12_disk30>());
static_assert(plan<MixtralOffloadLong>(machines::ram12_disk30).expert_slots(0) == 78);

/// With all experts in memory that device is too small.
struct MixtralResident : MixtralOffload {
  using Cache = cache::All;
};
static_assert(!plan<MixtralResident>(machines::ram12_disk30).fits());

}  // namespace example
