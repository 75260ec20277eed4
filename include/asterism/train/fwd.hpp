// Forward declarations of the room `train`: models that learn.
#pragma once

#include <cstdint>

namespace asterism::train {

struct Batch;
struct Gradient;
struct LossScale;
struct Losses;
struct Parameter;
struct Plan;
struct Precision;
struct Recipe;
struct StepReport;
struct AdamW;
struct AdamW8;
struct Muon;

namespace recompute {
struct Nothing;
struct Experts;
template <std::int32_t M>
struct Every;
}  // namespace recompute

}  // namespace asterism::train
