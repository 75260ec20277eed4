#include "own/sigmoid_top_k.hpp"

#include <vector>

#include "laws/gating_laws.hpp"

namespace {

struct KeepsLogits : SigmoidTopK {  // the scores stay scores
  using SigmoidTopK::SigmoidTopK;
  void route(View<float> logits, View<gating::Route> out) const {
    std::vector<float> copy(logits.begin(), logits.end());
    SigmoidTopK::route(copy, out);
  }
};

struct Twice : SigmoidTopK {  // the best expert comes twice
  using SigmoidTopK::SigmoidTopK;
  void route(View<float> logits, View<gating::Route> out) const {
    SigmoidTopK::route(logits, out);
    out[out.size - 1].expert = out[0].expert;
  }
};

}  // namespace

TEST_CASE("sigmoid top k obeys the laws") { laws::gating<SigmoidTopK>(); }

TEST_CASE("scores that are left as they are are found" * doctest::should_fail()) { laws::gating<KeepsLogits>(); }

TEST_CASE("an expert that comes twice is found" * doctest::should_fail()) { laws::gating<Twice>(); }
