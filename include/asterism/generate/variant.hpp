// A table of compiled variants, to choose from at run time.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/generate/any_model.hpp"
#include "asterism/generate/load.hpp"
#include "asterism/machine/machine.hpp"
#include "asterism/model/plan.hpp"
#include "asterism/placement/memory_footprint.hpp"
#include "asterism/placement/report.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism {

/// The type-erased operations of a compiled Blueprint; see the functions of the same names.
struct Variant {
  std::string_view name;
  Limits limits{};
  LoadPlan (*plan_load)(const std::string& folder, const LoadOptions& options) = nullptr;
  AnyModel (*load)(const std::string& folder, const LoadOptions& options) = nullptr;
  placement::MemoryFootprint (*memory_footprint)(const Shape& shape, const Limits& limits) = nullptr;
  placement::Plan (*plan)(const Machine& machine, const Shape& shape, const Limits& limits) = nullptr;
  Machine (*smallest_equal_budgets)(const placement::MemoryFootprint& parts, std::size_t count,
                                    double spare) = nullptr;
};

/// The entry of B in a table of variants:
///
///     constexpr Variant variants[] = {variant<Nf4>("nf4"), variant<Int8>("int8")};
///     AnyModel model = find_variant(variants, name).load(folder, options);
template <class B>
constexpr Variant variant(std::string_view name) {
  return {.name = name,
          .limits = B::limits,
          .plan_load = plan_load<B>,
          .load = [](const std::string& folder,
                     const LoadOptions& options) { return AnyModel(load<B>(folder, options)); },
          .memory_footprint = model::memory_footprint<B>,
          .plan = plan<B>,
          .smallest_equal_budgets = placement::smallest_equal_budgets<typename B::Placement>};
}

/// The variant with that name. Throws InvalidArgument, listing the available names.
inline const Variant& find_variant(std::span<const Variant> variants, std::string_view name) {
  std::string names;
  for (const Variant& one : variants) {
    if (one.name == name) return one;
    names += concat(names.empty() ? "" : ", ", one.name);
  }
  throw InvalidArgument(concat("there is no variant '", name, "'; compiled are: ", names));
}

}  // namespace asterism
