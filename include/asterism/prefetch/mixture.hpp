// Several predictors, heard as far as each can be trusted.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <utility>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/prefetch/concept.hpp"
#include "asterism/prefetch/confidence.hpp"
#include "asterism/prefetch/extent.hpp"
#include "asterism/prefetch/learned.hpp"
#include "asterism/prefetch/multi_layer.hpp"
#include "asterism/prefetch/next_gate.hpp"
#include "asterism/prefetch/pattern.hpp"
#include "asterism/prefetch/previous_layer.hpp"
#include "asterism/prefetch/rank.hpp"
#include "asterism/prefetch/rows.hpp"

namespace asterism::prefetch {

/// The mean of what Predictors predict, each weighted with its confidence, with what its accuracy is above that of
/// chance (at least 0.01, so that each is heard in the beginning), and with the sum of its probabilities; the result
/// sums to 1. A confidence joins the sharpness of the prediction with the predictor's accuracy, a mean over about its
/// last 32 predictions that is kept for each sequence, for prompts and for decoding apart. Without the comparison with
/// chance the sharp and wrong would be heard before the broad and right. `Adaptive` is the mixture of PreviousLayer,
/// MultiLayer, Pattern, Learned and NextGate. Takes sequences * predictors * members * 4 bytes besides what they take.
/// Bodies are templates.
template <class... Predictors>
class Mixture {
  static_assert((Prefetch<Predictors> && ...), "a mixture is of prefetchers");
  static constexpr std::size_t count = sizeof...(Predictors);
  static_assert(count > 0, "a mixture needs a prefetcher");

 public:
  static constexpr bool keeps_sequences_apart = (KeepsSequencesApart<Predictors> && ...);
  static constexpr bool asks_next_router = (AsksNextRouter<Predictors> || ...);

  /// Throws InvalidArgument if a number of the extent is below 1.
  explicit Mixture(const Extent& extent)
      : extent_(checked(extent)),
        members_(static_cast<std::size_t>(extent.members)),
        predictors_(Predictors(extent)...),
        told_(static_cast<std::size_t>(extent.sequences)),
        expected_(told_.size() * count * members_),
        mixed_(members_),
        scratch_(members_),
        list_(members_) {}

  void observe(const Routing& routing) {
    sequence_ = slot_of(routing.sequence, extent_);
    Told& told = told_[sequence_];
    told.phase = routing.phase == Phase::prompt ? 0 : 1;
    if (routing.group == told.next && !routing.used.empty()) {
      for (std::size_t i = 0; i < count; ++i) {
        if (!told.spoke[i]) continue;
        Past& past = told.past[told.phase][i];
        past.predictions = std::min(past.predictions + 1, std::uint32_t{32});
        const float found = prefetch::accuracy(expected(i), routing.used);
        const float chance = static_cast<float>(routing.used.size) / static_cast<float>(members_);
        past.accuracy += (found - past.accuracy) / static_cast<float>(past.predictions);
        past.chance += (chance - past.chance) / static_cast<float>(past.predictions);
      }
    }
    std::apply([&](auto&... predictor) { (predictor.observe(routing), ...); }, predictors_);
    if (routing.group < 0 || routing.group >= extent_.groups) return;
    told.next = (routing.group + 1) % extent_.groups;
    for_each_predictor([&](std::size_t i, auto& predictor) {
      const View<const float> shares = shares_from(predictor, told.next);
      told.spoke[i] = !shares.empty();
      std::copy(shares.begin(), shares.end(), expected(i).begin());
    });
  }

  std::size_t predict(std::int32_t group, View<Prediction> out) { return rank(group, shares(group), out); }

  /// All that is predicted: (members) with the sum 1, or empty. Valid until the next call.
  View<const float> shares(std::int32_t group) {
    std::fill(mixed_.begin(), mixed_.end(), 0.0F);
    const Told& told = told_[sequence_];
    for_each_predictor([&](std::size_t i, auto& predictor) {
      View<const float> from;
      if (group != told.next) {
        from = shares_from(predictor, group);
      } else if (told.spoke[i]) {
        from = expected(i);
      }
      if (from.empty()) return;
      const Past& past = told.past[told.phase][i];
      const float weight =
          confidence(sharpness(from), past.accuracy) * std::max(0.01F, past.accuracy - past.chance);
      add_scaled(mixed_, from, weight);
    });
    const float total = sum_of(mixed_);
    if (!(total > 0)) return {};
    scale_by(mixed_, 1 / total);
    return mixed_;
  }

  /// The accuracy of predictor `index` in [0, 1], for a sequence and a phase; 0 before it has predicted.
  float accuracy(std::size_t index, std::int32_t sequence, Phase phase) const {
    return told_[slot_of(sequence, extent_)].past[phase == Phase::prompt ? 0 : 1][index].accuracy;
  }

 private:
  struct Past {
    float accuracy = 0;
    float chance = 0;  ///< the accuracy of any members
    std::uint32_t predictions = 0;
  };
  /// What is kept for a sequence.
  struct Told {
    std::int32_t next = -1;           ///< the group that is expected
    std::size_t phase = 1;            ///< 0 in a prompt
    std::array<bool, count> spoke{};  ///< who predicted something of it
    std::array<std::array<Past, count>, 2> past{};
  };

  template <class F>
  void for_each_predictor(const F& f) {
    std::apply(
        [&](auto&... predictor) {
          std::size_t i = 0;
          (f(i++, predictor), ...);
        },
        predictors_);
  }

  /// What predictor i expects of the next group: (members).
  View<float> expected(std::size_t i) {
    return View<float>(expected_).subview((sequence_ * count + i) * members_, members_);
  }

  /// What a predictor says of a group: (members), or empty.
  template <class P>
  View<const float> shares_from(P& predictor, std::int32_t group) {
    if constexpr (requires { View<const float>(predictor.shares(group)); }) {
      return predictor.shares(group);
    } else {
      const std::size_t known = predictor.predict(group, list_);
      std::fill(scratch_.begin(), scratch_.end(), 0.0F);
      for (std::size_t i = 0; i < known; ++i) {
        scratch_[static_cast<std::size_t>(list_[i].part.member)] = list_[i].probability;
      }
      return known == 0 ? View<const float>() : View<const float>(scratch_);
    }
  }

  Extent extent_;
  std::size_t members_;
  std::tuple<Predictors...> predictors_;
  std::vector<Told> told_;       ///< (sequences)
  std::vector<float> expected_;  ///< (sequences, predictors, members)
  std::vector<float> mixed_;     ///< (members)
  std::vector<float> scratch_;   ///< (members)
  std::vector<Prediction> list_;
  std::size_t sequence_ = 0;
};

}  // namespace asterism::prefetch
