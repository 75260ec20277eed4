// How evenly the routers of a run share the work, and how sure they are.
#pragma once

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "asterism/core/bytes.hpp"
#include "asterism/core/view.hpp"

namespace asterism::observe {

/// MaxVio: the largest load (experts) as a multiple of the mean, less 1; 0 where nothing was chosen. Source: Wang et
/// al., Auxiliary-Loss-Free Load Balancing Strategy for Mixture-of-Experts, arXiv 2408.15664.
template <class Count>
double violation_of(View<const Count> load) {
  double most = 0;
  double all = 0;
  for (const Count count : load) {
    most = std::max(most, static_cast<double>(count));
    all += static_cast<double>(count);
  }
  return all > 0 ? most * static_cast<double>(load.size) / all - 1 : 0;
}

/// The largest load among `experts` as a multiple of the mean, less 1, that a router shows which treats all alike,
/// after `choices` choices: about (2 ln experts / (choices / experts))^1/2, from the normal distribution. 0 where
/// nothing was chosen.
inline double violation_by_chance(double choices, std::size_t experts) {
  if (choices <= 0 || experts == 0) return 0;
  const auto count = static_cast<double>(experts);
  return std::sqrt(2 * std::log(count) * count / choices);
}

/// Counts, layer by layer, what experts were chosen, and adds up the entropies of the router's probabilities. Allocates
/// only in `begin`. One per session.
class Balance {
 public:
  void begin(std::int32_t layers, std::int32_t experts, std::int32_t /*top_k*/) {
    experts_ = static_cast<std::size_t>(experts);
    layers_.assign(static_cast<std::size_t>(layers), {});
    for (Layer& layer : layers_) layer.load.assign(experts_, 0);
  }

  void scored(std::int32_t layer, std::int32_t /*position*/, View<const float> probabilities) {
    Layer& here = layers_[static_cast<std::size_t>(layer)];
    for (const float probability : probabilities) {
      const auto p = static_cast<double>(probability);
      if (p > 0) here.entropy -= p * std::log(p);
    }
    ++here.rows;
  }
  void routed(std::int32_t layer, std::int32_t /*position*/, std::int32_t expert, float /*weight*/) {
    ++layers_[static_cast<std::size_t>(layer)].load[static_cast<std::size_t>(expert)];
  }
  void moved(std::int32_t /*from*/, std::int32_t /*to*/, Bytes /*bytes*/) {}

  /// Adds what another saw, perhaps in another session: `begin` was called on both with the same sizes.
  void add(const Balance& other) {
    assert(layers_.size() == other.layers_.size() && experts_ == other.experts_);
    for (std::size_t l = 0; l < layers_.size(); ++l) {
      for (std::size_t e = 0; e < experts_; ++e) layers_[l].load[e] += other.layers_[l].load[e];
      layers_[l].entropy += other.layers_[l].entropy;
      layers_[l].rows += other.layers_[l].rows;
    }
  }

  std::int32_t layers() const { return static_cast<std::int32_t>(layers_.size()); }
  /// Rows that the layer's router saw.
  std::uint64_t rows(std::int32_t layer) const { return at(layer).rows; }
  /// MaxVio; see violation_of.
  double violation(std::int32_t layer) const { return violation_of(View<const std::uint64_t>(at(layer).load)); }
  /// That of a router without preference; see violation_by_chance.
  double by_chance(std::int32_t layer) const {
    return violation_by_chance(static_cast<double>(choices(layer)), experts_);
  }
  /// Mean entropy of the router's probabilities in nats: ln(experts) where it knows no difference, 0 without doubt.
  double entropy(std::int32_t layer) const {
    return at(layer).rows == 0 ? 0 : at(layer).entropy / static_cast<double>(at(layer).rows);
  }
  /// Experts that were never chosen.
  std::int32_t unused(std::int32_t layer) const {
    return static_cast<std::int32_t>(std::count(at(layer).load.begin(), at(layer).load.end(), std::uint64_t{0}));
  }

 private:
  struct Layer {
    std::vector<std::uint64_t> load{};
    double entropy = 0;
    std::uint64_t rows = 0;
  };

  const Layer& at(std::int32_t layer) const { return layers_[static_cast<std::size_t>(layer)]; }
  std::uint64_t choices(std::int32_t layer) const {
    std::uint64_t out = 0;
    for (const std::uint64_t count : at(layer).load) out += count;
    return out;
  }

  std::size_t experts_ = 0;
  std::vector<Layer> layers_;
};

}  // namespace asterism::observe
