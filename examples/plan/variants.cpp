#include "variants.hpp"

#include <asterism/asterism.hpp>
#include <asterism/cache/hazard.hpp>
#include <asterism/model/slotted_experts.hpp>
#include <asterism/quant/group_int.hpp>
#include <string_view>

namespace example {

namespace {

/// What mixtral_dual_16gb loads with, in any format.
template <class Format>
struct Resident : Blueprint {
  using Quantization = Format;
  using KvCache = attention::StaticKvCache<quant::Float16>;
  using Backend = backend::HostA8;
};

/// What mixtral_offload loads with.
template <class Format>
struct InTurns : Resident<Format> {
  using Cache = cache::Hazard;
};

template <class Format>
constexpr PlannedFormat format(std::string_view name) {
  return {.resident = lab::planned_variant<Resident<Format>>(name),
          .in_turns = lab::planned_variant<InTurns<Format>>(name)};
}

}  // namespace

std::span<const PlannedFormat> planned_formats() {
  static constexpr PlannedFormat formats[] = {
      format<quant::Nf4<64, quant::DoubleQuantized>>("nf4"), format<quant::Int4<32>>("int4"),
      format<quant::Int8<32>>("int8"), format<quant::BFloat16>("bfloat16"), format<quant::Float32>("float32")};
  return formats;
}

}  // namespace example
