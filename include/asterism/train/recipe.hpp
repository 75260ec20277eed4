// How a model is trained: one struct beside the Blueprint.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "asterism/train/adam_w.hpp"
#include "asterism/train/adapters.hpp"
#include "asterism/train/losses.hpp"
#include "asterism/train/optimizer.hpp"
#include "asterism/train/precision.hpp"
#include "asterism/train/recompute.hpp"
#include "asterism/train/schedule.hpp"

namespace asterism::train {

/// The default policies and numbers. A variant derives and hides what differs:
///
///     struct Quick : train::Recipe {
///       using Recompute = train::recompute::Experts;
///       static constexpr train::Muon optimizer{.rate = 1e-2F};
///       static constexpr std::int32_t batch = 4, sequence = 128;
///     };
struct Recipe {
  /// What a step keeps of its way forward; see recompute.hpp.
  using Recompute = recompute::Nothing;

  /// What learns in the place of the weights; none: the weights do.
  static constexpr Adapters adapters{};

  /// How gradients and what a step keeps are stored; see precision.hpp.
  static constexpr Precision precision{};

  static constexpr AdamW optimizer{};
  static constexpr LinearFall schedule{.warm_up = 100};
  static constexpr Losses losses{};
  /// Of all gradients together; > 0.
  static constexpr double clip = 1.0;
  /// A step takes sequences until they have batch * sequence tokens in all.
  static constexpr std::int32_t batch = 16;
  /// Tokens of the longest sequence.
  static constexpr std::int32_t sequence = 512;
};

template <class R>
using OptimizerOf = std::remove_cv_t<decltype(R::optimizer)>;

template <class R>
using ScheduleOf = std::remove_cv_t<decltype(R::schedule)>;

/// The numbers of a recipe, which a run may choose anew: none of them takes memory.
template <class R>
struct Numbers {
  OptimizerOf<R> optimizer = R::optimizer;
  ScheduleOf<R> schedule = R::schedule;
  Losses losses = R::losses;
  double clip = R::clip;
};

/// Accepted by train::plan and Trainer: a struct that derives from Recipe, or Recipe itself.
template <class R>
concept DerivesFromRecipe = std::derived_from<R, Recipe> && Optimizer<OptimizerOf<R>> && Schedule<ScheduleOf<R>>;

/// Tokens of a step at most.
template <class R>
inline constexpr std::size_t step_rows = static_cast<std::size_t>(R::batch) *
                                         static_cast<std::size_t>(R::sequence);

}  // namespace asterism::train
