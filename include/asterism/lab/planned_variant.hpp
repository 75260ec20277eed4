// A table of Blueprints to plan with at run time, of which nothing is compiled that loads or computes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "asterism/lab/kernel_shares.hpp"
#include "asterism/lab/speed_forecast.hpp"
#include "asterism/machine/machine.hpp"
#include "asterism/model/blueprint.hpp"
#include "asterism/model/plan.hpp"
#include "asterism/placement/memory_footprint.hpp"
#include "asterism/placement/plan.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism::lab {

/// The plans of a Blueprint for any shape and machine; see the functions of the same names. `Variant` of
/// generate/variant.hpp loads, too.
struct PlannedVariant {
  std::string_view name;
  std::string (*format)() = nullptr;  ///< of experts and attention, for a reader
  Kernels kernels{};
  placement::MemoryFootprint (*memory_footprint)(const Shape& shape, const Limits& limits) = nullptr;
  placement::Plan (*plan)(const Machine& machine, const Shape& shape, const Limits& limits) = nullptr;
  std::int32_t (*largest_context)(const Machine& machine, const Shape& shape, const Limits& limits) = nullptr;
};

/// The entry of B in a table.
template <DerivesFromBlueprint B>
constexpr PlannedVariant planned_variant(std::string_view name) {
  using Activation = typename B::Backend::ActivationPolicy;
  return {.name = name,
          .format = B::Quantization::name,
          .kernels = {.layers = KernelSharesOf<typename B::Quantization, Activation>::shares,
                      .head = KernelSharesOf<typename B::Head, Activation>::shares},
          .memory_footprint = model::memory_footprint<B>,
          .plan = plan<B>,
          .largest_context = largest_context<B>};
}

}  // namespace asterism::lab
