// Schedules: how the learning rate changes over a run.
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstdint>

namespace asterism::train {

namespace needs {

template <class S>
concept factor = requires(const S& schedule, std::int64_t step, std::int64_t steps) {
  { schedule.factor(step, steps) } -> std::same_as<float>;
};

}  // namespace needs

/// A schedule says which part of the peak rate a step takes: `factor(step, steps)` in [0, 1], step in [1, steps].
/// A small struct of numbers; const, thread-safe, allocates nothing; the same bits in every call.
///
/// Models: Constant, Cosine, LinearFall.
template <class S>
concept Schedule = needs::factor<S>;

/// step / warm_up in the first `warm_up` steps, then 1.
constexpr float warm_up_factor(std::int64_t step, std::int64_t warm_up) {
  return step >= warm_up ? 1.0F : static_cast<float>(static_cast<double>(step) / static_cast<double>(warm_up));
}

/// The peak rate after the warm-up. Models Schedule.
struct Constant {
  std::int64_t warm_up = 0;  ///< steps, >= 0

  constexpr float factor(std::int64_t step, std::int64_t /*steps*/) const { return warm_up_factor(step, warm_up); }

  friend constexpr bool operator==(const Constant&, const Constant&) = default;
};

/// Half a cosine from the end of the warm-up, where the factor is 1, to the last step, where it is `floor`. Models
/// Schedule. Source: Loshchilov and Hutter, SGDR, arXiv 1608.03983, without restarts.
struct Cosine {
  std::int64_t warm_up = 0;  ///< steps, >= 0
  float floor = 0;           ///< in [0, 1]

  float factor(std::int64_t step, std::int64_t steps) const {
    if (step <= warm_up) return warm_up_factor(step, warm_up);
    if (step >= steps) return floor;
    const double progress = static_cast<double>(step - warm_up) / static_cast<double>(steps - warm_up);
    const double wave = 0.5 * (1 + std::cos(3.141592653589793 * progress));
    return static_cast<float>(floor + (1.0 - static_cast<double>(floor)) * wave);
  }

  friend constexpr bool operator==(const Cosine&, const Cosine&) = default;
};

/// The peak rate, then in the last `fall` of all steps a straight line that is 0 one step after the last, so that the
/// last step still moves. Models Schedule. Source: Haegele and others, Scaling Laws and Compute-Optimal Training
/// Beyond Fixed Training Durations, arXiv 2405.18392 (warm-up, stable, decay).
struct LinearFall {
  std::int64_t warm_up = 0;  ///< steps, >= 0
  float fall = 0.4F;         ///< in [0, 1]: part of all steps

  constexpr float factor(std::int64_t step, std::int64_t steps) const {
    const double length = static_cast<double>(fall) * static_cast<double>(steps);
    const double left = static_cast<double>(steps - step + 1);
    if (left <= 0) return 0;
    const float falling = left >= length ? 1.0F : static_cast<float>(left / length);
    return std::min(warm_up_factor(step, warm_up), falling);
  }

  friend constexpr bool operator==(const LinearFall&, const LinearFall&) = default;
};

static_assert(Schedule<Constant> && Schedule<Cosine> && Schedule<LinearFall>);

}  // namespace asterism::train
