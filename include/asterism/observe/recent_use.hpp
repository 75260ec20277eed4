// Which experts a sequence has used lately.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "asterism/core/bytes.hpp"
#include "asterism/core/view.hpp"

namespace asterism::observe {

/// An observer that remembers, for every expert of every layer, the share of the latest tokens that went to it: the
/// mean over all tokens so far while they are few, then decayed with a half-life of 16 tokens. A position before the
/// last one begins anew, since then it is another conversation. Allocates only in `begin`. One per session.
class RecentUse {
 public:
  /// 1 - 0.5^(1 / 16): the share of the newest token.
  static constexpr float newest = 0.0424F;

  void begin(std::int32_t layers, std::int32_t experts, std::int32_t /*top_k*/) {
    experts_ = static_cast<std::size_t>(experts);
    use_.assign(static_cast<std::size_t>(layers) * experts_, 0);
    tokens_.assign(static_cast<std::size_t>(layers), 0);
    last_.assign(static_cast<std::size_t>(layers), -1);
  }

  void scored(std::int32_t layer, std::int32_t position, View<const float> /*probabilities*/) {
    const auto l = static_cast<std::size_t>(layer);
    if (position < last_[l]) tokens_[l] = 0;
    last_[l] = position;
    ++tokens_[l];
    share_ = std::max(newest, 1 / static_cast<float>(tokens_[l]));
    for (std::size_t e = l * experts_; e < (l + 1) * experts_; ++e) use_[e] *= 1 - share_;
  }
  void routed(std::int32_t layer, std::int32_t /*position*/, std::int32_t expert, float /*weight*/) {
    use_[static_cast<std::size_t>(layer) * experts_ + static_cast<std::size_t>(expert)] += share_;
  }
  void moved(std::int32_t /*from*/, std::int32_t /*to*/, Bytes /*bytes*/) {}

  /// (layers, experts), in [0, 1]; those of a layer sum up to top_k once there was a token. Valid until the model runs
  /// again.
  View<const float> recent_use() const { return use_; }

 private:
  std::size_t experts_ = 0;
  std::vector<float> use_;
  std::vector<std::uint32_t> tokens_;  ///< (layers)
  std::vector<std::int32_t> last_;     ///< (layers): position
  float share_ = 1;                    ///< of the token whose routes are being told
};

/// Of an observer that can say which experts its sequence has used lately, as RecentUse does.
template <class O>
concept TellsRecentUse = requires(const O& observer) {
  { observer.recent_use() } -> std::same_as<View<const float>>;
};

}  // namespace asterism::observe
