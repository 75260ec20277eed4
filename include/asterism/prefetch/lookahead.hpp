// What the next layer will probably lack, and how much of it is worth a copy.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "asterism/core/part_id.hpp"
#include "asterism/core/view.hpp"
#include "asterism/prefetch/concept.hpp"
#include "asterism/prefetch/rank.hpp"
#include "asterism/prefetch/rows.hpp"
#include "asterism/prefetch/veto.hpp"

namespace asterism::prefetch {

/// Asks a prefetcher, layer after layer, for the parts of the next one, and a veto whether copies of those that are not
/// resident pay. They are copied to slots of their own, so that a copy evicts nothing. `P` may be a reference. Does not
/// allocate after construction. Not thread-safe.
template <Prefetch P>
class Lookahead {
 public:
  /// `top_k` >= 1 parts of a group at most are predicted. `values_known`: the cache says what its parts are worth, see
  /// Veto.
  Lookahead(P prefetcher, const Extent& extent, std::int32_t top_k, const Veto& veto, bool values_known)
      : prefetcher_(std::forward<P>(prefetcher)),
        veto_(veto),
        top_k_(static_cast<std::size_t>(top_k)),
        values_known_(values_known),
        groups_(extent.groups),
        predictions_(static_cast<std::size_t>(extent.members)),
        shares_(predictions_.size()) {
    candidates_.reserve(top_k_);
  }

  /// The router of routing.group has spoken: what was predicted for that group has come true, or not.
  void observe(const Routing& routing) { observe(View<const Routing>(&routing, 1), routing.used); }

  /// The same for a pass of one or more sequences, each of which the prefetcher hears by itself. `used`: by any of
  /// them. What is predicted then is what they will use together.
  void observe(View<const Routing> sequences, View<const std::int32_t> used) {
    const std::int32_t group = sequences[0].group;
    if (group == group_) {
      const std::size_t scored = std::min(candidates_.size(), most_copies());
      for (std::size_t i = 0; i < scored; ++i) {
        veto_.scored(std::binary_search(used.begin(), used.end(), candidates_[i].member));
      }
    }
    group_ = -1;
    count_ = 0;
    candidates_.clear();
    gathered_ = -1;
    if (sequences.size == 1) return prefetcher_.observe(sequences[0]);
    gathered_ = (group + 1) % groups_;
    std::fill(shares_.begin(), shares_.end(), 0.0F);
    float uses = 0;
    for (const Routing& one : sequences) {
      prefetcher_.observe(one);
      const auto weight = static_cast<float>(one.used.size);
      const std::size_t known = prefetcher_.predict(gathered_, predictions_);
      for (std::size_t i = 0; i < known; ++i) {
        shares_[static_cast<std::size_t>(predictions_[i].part.member)] += weight * predictions_[i].probability;
      }
      uses += weight;
    }
    if (uses > 0) scale_by(shares_, 1 / uses);
  }

  /// Predicts the parts of `group`, whose router speaks next; is_resident(part) says which need no copy.
  template <class IsResident>
  void predict(std::int32_t group, const IsResident& is_resident) {
    group_ = group;
    candidates_.clear();
    count_ = group == gathered_ ? rank(group, shares_, predictions_) : prefetcher_.predict(group, predictions_);
    for (std::size_t i = 0; i < count_ && candidates_.size() < top_k_; ++i) {
      if (!is_resident(predictions_[i].part)) candidates_.push_back(predictions_[i].part);
    }
  }

  /// The group that is predicted; -1 before the first, and between `observe` and `predict`.
  std::int32_t group() const { return group_; }
  /// All that is predicted.
  View<const Prediction> predictions() const { return View<const Prediction>(predictions_).subview(0, count_); }
  /// The parts that are predicted and not resident, best first, at most top_k.
  View<const PartId> candidates() const { return candidates_; }

  /// For a veto that does not know its times yet.
  Veto& veto() { return veto_; }

  /// The first of them: those whose copies pay.
  View<const PartId> worthwhile() const {
    const bool pays = values_known_ ? veto_.allows_copy(0) : veto_.allows_staging();
    return candidates().subview(0, pays ? std::min(most_copies(), candidates_.size()) : 0);
  }
  /// At most so many are copied.
  std::size_t most_copies() const { return static_cast<std::size_t>(veto_.most_copies()); }

 private:
  P prefetcher_;
  Veto veto_;
  std::size_t top_k_;
  bool values_known_;
  std::int32_t groups_;
  std::int32_t group_ = -1;     ///< whose candidates these are
  std::int32_t gathered_ = -1;  ///< whose shares several sequences have given, or -1
  std::vector<Prediction> predictions_;
  std::size_t count_ = 0;      ///< of them
  std::vector<float> shares_;  ///< (members): of several sequences, by what each uses
  std::vector<PartId> candidates_;
};

}  // namespace asterism::prefetch
