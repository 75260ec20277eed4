// The compiled variants that --quantization chooses among.
#pragma once

#include <asterism/asterism.hpp>
#include <asterism/cache/hazard.hpp>
#include <asterism/generate/variant.hpp>
#include <asterism/observe/recent_use.hpp>
#include <asterism/observe/together.hpp>
#include <asterism/quant/gguf.hpp>

#include "../support/expert_tally.hpp"

namespace example {

using namespace asterism;

/// For the checkpoint of any directory: 4-bit experts and attention, many answers at a time.
struct Served : Blueprint {
  static constexpr Limits limits{.context = 32768, .batch = 64, .prefill_chunk = 512, .threads = 64};
  using Quantization = quant::Nf4<64, quant::DoubleQuantized>;
  using Placement = placement::AcceleratorsFirst<placement::Balanced>;
  using KvCache = attention::StaticKvCache<quant::Float16>;
  using Backend = backend::HostA8;                                      // activations meet the weights in 8 bits
  using Observer = observe::Together<ExpertTally, observe::RecentUse>;  // for /v1/experts and --group-answers
};
struct ServedInt8 : Served {
  using Quantization = quant::Int8<32>;
};
struct ServedBFloat16 : Served {
  using Quantization = quant::BFloat16;
};
/// Every matrix stays in the format in which a GGUF file has it.
struct ServedGguf : Served {
  using Quantization = quant::Gguf;
  using Embedding = quant::Gguf;
  using Head = quant::Gguf;
};
/// Experts take turns in memory; those that wait are in main memory or in a file on a disk.
struct ServedOffload : Served {
  using Cache = cache::Hazard;
};

// Each in a source of its own, so that they compile apart.
const Variant& nf4_variant();
const Variant& int8_variant();
const Variant& bfloat16_variant();
const Variant& gguf_variant();
const Variant& offload_variant();

}  // namespace example
