// Experts and gatings that learn: those of the toolkit, and one of a user's own.
#include <cstddef>
#include <memory>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/backend/training_host.hpp"
#include "asterism/expert/relu.hpp"
#include "asterism/expert/swiglu.hpp"
#include "asterism/gating/sigmoid_top_k.hpp"
#include "asterism/gating/softmax_top_k.hpp"
#include "asterism/gating/switch.hpp"
#include "asterism/parallel/threads.hpp"
#include "asterism/quant/float32.hpp"

#include "laws/trainable_expert_laws.hpp"
#include "laws/trainable_gating_laws.hpp"

using namespace asterism;

template <>
inline constexpr std::size_t laws::most_chosen<gating::Switch> = 1;

namespace {

std::unique_ptr<backend::TrainingHost> host(std::size_t threads) {
  auto out = std::make_unique<backend::TrainingHost>(0, 256_MiB, std::make_shared<parallel::Threads>(threads));
  out->reserve_training({.rows = 64, .cols = 64, .longest = 64, .threads = threads});
  return out;
}

/// A gradient with the wrong sign for one of two matrices.
template <class Q>
class Mistaken : public expert::Relu<Q> {
 public:
  using Base = expert::Relu<Q>;
  using Base::Base;

  template <class Device>
  void backward(Device& device, const typename Base::Matrices& matrices, const typename Base::Matrices& gradients,
                const backend::ExpertGroups& groups, backend::DeviceMatrix<const float> x,
                const typename Base::Saved& saved, const typename Base::Work& work,
                backend::DeviceMatrix<const float> dy, backend::DeviceMatrix<float> dx) const {
    Base::backward(device, matrices, gradients, groups, x, saved, work, dy, dx);
    for (const auto& up : gradients.up) {
      auto* values = reinterpret_cast<float*>(up.data);
      for (std::size_t i = 0; i < up.rows * up.cols; ++i) values[i] = -values[i];
    }
  }
};

/// Forgets that the weights of a choice are divided by their sum.
class MistakenGating : public gating::SoftmaxTopK {
 public:
  using SoftmaxTopK::SoftmaxTopK;
  void backward(View<const float> scores, View<const float> probabilities, View<const gating::Route> chosen,
                View<const float> dweights, View<const float> dprobabilities, View<float> dscores) const {
    const SoftmaxTopK other(probabilities.size, top_k(), {.normalised = false});
    other.backward(scores, probabilities, chosen, dweights, dprobabilities, dscores);
  }
};

/// Writes nothing.
class IdleGating : public gating::SoftmaxTopK {
 public:
  using SoftmaxTopK::SoftmaxTopK;
  void backward(View<const float>, View<const float>, View<const gating::Route>, View<const float>,
                View<const float>, View<float>) const {}
};

}  // namespace

TEST_CASE("the experts of the toolkit learn") {
  laws::trainable_expert<expert::SwiGlu<quant::Float32>>(host);
  laws::trainable_expert<expert::Relu<quant::Float32>>(host);
}

TEST_CASE("the gatings of the toolkit learn") {
  laws::trainable_gating<gating::SoftmaxTopK>();
  laws::trainable_gating<gating::Switch>();
  laws::trainable_gating<gating::SigmoidTopK>();
  laws::trainable_gating([](std::size_t experts, std::size_t top_k) {
    return gating::SigmoidTopK(experts, top_k, {.normalised = false});
  });
  static const std::vector<float> bias(64, 0.25F);
  laws::trainable_gating([](std::size_t experts, std::size_t top_k) {
    gating::SigmoidTopK out(experts, top_k);
    out.bind(View<const float>(bias).subview(0, experts));
    return out;
  });
  laws::trainable_gating([](std::size_t experts, std::size_t top_k) {
    return gating::SoftmaxTopK(experts, top_k, {.normalised = false, .temperature = 0.7F});
  });
}

TEST_CASE("a wrong gradient of an expert is found" * doctest::should_fail()) {
  laws::trainable_expert<Mistaken<quant::Float32>>(host);
}

TEST_CASE("a wrong gradient of a gating is found" * doctest::should_fail()) {
  laws::trainable_gating<MistakenGating>();
}

TEST_CASE("a gradient that is not written is found" * doctest::should_fail()) {
  laws::trainable_gating<IdleGating>();
}
