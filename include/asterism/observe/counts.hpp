// How often each expert of each layer was chosen, and how much was copied between devices.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "asterism/core/bytes.hpp"
#include "asterism/core/view.hpp"

namespace asterism::observe {

/// Counts choices in a (layers, experts) table. Allocates only in `begin`. One per session.
class Counts {
 public:
  void begin(std::int32_t layers, std::int32_t experts, std::int32_t /*top_k*/) {
    experts_ = static_cast<std::size_t>(experts);
    chosen_.assign(static_cast<std::size_t>(layers) * experts_, 0);
  }

  void scored(std::int32_t /*layer*/, std::int32_t /*position*/, View<const float> /*probabilities*/) {}
  void routed(std::int32_t layer, std::int32_t /*position*/, std::int32_t expert, float /*weight*/) {
    ++chosen_[static_cast<std::size_t>(layer) * experts_ + static_cast<std::size_t>(expert)];
  }
  void moved(std::int32_t /*from*/, std::int32_t /*to*/, Bytes bytes) {
    ++hand_overs_;
    moved_ += bytes;
  }

  /// Layers with experts, and experts in each, as `begin` was told.
  std::int32_t layers() const { return experts_ > 0 ? static_cast<std::int32_t>(chosen_.size() / experts_) : 0; }
  std::int32_t experts() const { return static_cast<std::int32_t>(experts_); }
  /// Number of tokens that the layer sent to the expert.
  std::uint64_t chosen(std::int32_t layer, std::int32_t expert) const {
    return chosen_[static_cast<std::size_t>(layer) * experts_ + static_cast<std::size_t>(expert)];
  }
  std::uint64_t hand_overs() const { return hand_overs_; }
  Bytes moved() const { return moved_; }

 private:
  std::size_t experts_ = 0;
  std::vector<std::uint64_t> chosen_;
  std::uint64_t hand_overs_ = 0;
  Bytes moved_{};
};

}  // namespace asterism::observe
