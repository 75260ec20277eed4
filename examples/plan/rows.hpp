// What planning a model in each variant comes to.
#pragma once

#include <asterism/core/bytes.hpp>
#include <asterism/lab/kernel_shares.hpp>
#include <asterism/lab/planned_variant.hpp>
#include <asterism/lab/speed_forecast.hpp>
#include <asterism/machine/machine.hpp>
#include <asterism/placement/plan.hpp>
#include <asterism/shape/shape.hpp>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "variants.hpp"

namespace example {

using namespace asterism;

/// A variant on the machine.
struct PlanRow {
  const lab::PlannedVariant* variant;
  bool in_turns = false;  ///< experts take turns in slots
  placement::Plan plan;
  Bytes weights{};        ///< of the model, wherever they are
  Bytes largest_layer{};  ///< weights of the largest layer, embedding and head among them
  Bytes missing{};        ///< that the budgets lack, or the disk
  std::int32_t longest_context = 0;
  std::int32_t kept_slots = 0;  ///< for experts that stay
  lab::Share hits{};            ///< share of experts that a token finds in slots
  lab::SpeedForecast speed;
};

/// A row for each of `formats`; where all experts do not fit, another one for experts that take turns.
std::vector<PlanRow> plan_rows(std::span<const PlannedFormat* const> formats, const Machine& machine,
                               const Shape& shape, const Limits& limits);

/// What is planned for.
struct PlanTask {
  std::string model;
  Shape shape;
  Limits limits;
  Machine machine;
};

/// Tables and remarks in lines of at most 80 columns, but for remarks, which are not broken yet.
std::string text_report(const PlanTask& task, std::span<const PlanRow> rows);

/// Everything, as a JSON document; docs/programs.md names the fields.
std::string json_report(const PlanTask& task, std::span<const PlanRow> rows);

}  // namespace example
