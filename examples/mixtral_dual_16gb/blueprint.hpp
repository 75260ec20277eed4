// The variant that this example is about.
#pragma once

#include <asterism/asterism.hpp>

#include "asterism/machine/machine.hpp"

#include "../support/expert_tally.hpp"

namespace example {

using namespace asterism;

/// 4-bit experts and attention on two devices, for the checkpoint of any directory: the sizes come from its
/// config.json.
struct DualNf4 : Blueprint {
  static constexpr Limits limits{.context = 32768, .batch = 1, .prefill_chunk = 512, .threads = 64};
  using Quantization = quant::Nf4<64, quant::DoubleQuantized>;
  using Placement = placement::AcceleratorsFirst<placement::Balanced>;
  using KvCache = attention::StaticKvCache<quant::Float16>;
  using Backend =
      backend::HostA8;  // activations meet the weights in 8 bits: the `evaluate` example says at what price
  using Observer = ExpertTally;  // for --report-html
};

/// The same with the sizes of Mixtral 8x7B, so that the compiler can prove that it fits.
struct MixtralDual16 : DualNf4 {
  static constexpr Shape shape = shapes::mixtral_8x7b;
};
static_assert(fits<MixtralDual16, machines::dual_16gb, 14_GiB>());

/// The checkpoint that the repository ships: examples/small_mixtral.
struct ShippedDual : DualNf4 {
  static constexpr Limits limits{.context = 1024, .batch = 1, .prefill_chunk = 512, .threads = 64};
  static constexpr Shape shape{.architecture = Architecture::mixtral,
                               .vocabulary = 1406,
                               .hidden = 128,
                               .layers = 4,
                               .heads = 6,
                               .kv_heads = 6,
                               .head_dim = 32,
                               .ffn = 192,
                               .experts = 8,
                               .top_k = 2,
                               .max_positions = 1024,
                               .tied_head = true,
                               .rope_theta = 1e4};
};
static_assert(fits<ShippedDual, equal_devices(2, 7500_KiB)>());

}  // namespace example
