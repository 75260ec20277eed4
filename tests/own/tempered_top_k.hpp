// Softmax top-k of scores over a temperature: a gating with a parameter, which a Blueprint hands in as a finished
// object.
#pragma once

#include <cstddef>

#include "asterism/gating/softmax_top_k.hpp"

using namespace asterism;

class TemperedTopK {
 public:
  bool normalised() const { return true; }
  TemperedTopK(std::size_t experts, std::size_t top_k, float temperature)
      : softmax_(experts, top_k), temperature_(temperature) {}
  std::size_t top_k() const { return softmax_.top_k(); }
  void route(View<float> logits, View<gating::Route> out) const {
    for (float& score : logits) score /= temperature_;
    softmax_.route(logits, out);
  }

 private:
  gating::SoftmaxTopK softmax_;
  float temperature_;
};
