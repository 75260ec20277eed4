// How a layer's experts are computed while a model learns: with gradients of their own, or frozen beside adapters.
#pragma once

#include <cstddef>

#include "asterism/backend/groups.hpp"
#include "asterism/backend/layout.hpp"
#include "asterism/backend/operand.hpp"
#include "asterism/shape/shape.hpp"
#include "asterism/train/adapters.hpp"
#include "asterism/train/linear.hpp"
#include "asterism/train/trainable_expert.hpp"

namespace asterism::train {

/// Experts that learn: those of the constellations, by train::TrainableExpert.
///
/// @tparam GradientsType  the constellation in the place of gradients, of the same experts in another format
template <class ConstellationType, class GradientsType = ConstellationType>
class LearningExperts {
 public:
  using Constellation = ConstellationType;
  using Gradients = GradientsType;
  using Expert = typename Constellation::ExpertType;
  using GradientMatrices = typename Gradients::ExpertType::Matrices;

  using Saved = typename Expert::Saved;
  using Work = typename Expert::Work;
  static constexpr Saved lay_out_saved(backend::Layout& cursor, const Shape& shape, std::size_t slots) {
    return Saved::lay_out(cursor, Expert(shape), slots);
  }
  static constexpr Work lay_out_work(backend::Layout& cursor, const Shape& shape, std::size_t slots,
                                     std::int32_t /*rank*/) {
    return Work::lay_out(cursor, Expert(shape), slots);
  }

  LearningExperts(const Shape& shape, const Constellation& weights, const Gradients* gradients,
                  const AdapterLayer& /*adapters*/, const AdapterLayer& /*adapter_gradients*/)
      : expert_(shape) {
    for (std::size_t e = 0; e < weights.experts(); ++e) {
      matrices_.add(weights.expert(e));
      gradients_.add(gradients->expert(e));
    }
  }

  template <class Device>
  void forward(Device& device, const backend::ExpertGroups& groups, backend::DeviceMatrix<const float> x,
               const Saved& saved, const Work& work, backend::DeviceMatrix<float> y) const {
    static_assert(TrainableExpert<Expert, Device>, "this expert does not learn: see train::TrainableExpert");
    expert_.forward(device, matrices_, groups, x, saved, work, y);
  }

  template <class Device>
  void backward(Device& device, const backend::ExpertGroups& groups, backend::DeviceMatrix<const float> x,
                const Saved& saved, const Work& work, backend::DeviceMatrix<const float> dy,
                backend::DeviceMatrix<float> dx) const {
    static_assert(
        LearnsInto<Expert, Device, GradientMatrices>,
        "this expert learns by gradients in the format of its weights alone: see train::TrainableExpert");
    expert_.backward(device, matrices_, gradients_, groups, x, saved, work, dy, dx);
  }

 private:
  Expert expert_;
  typename Expert::Matrices matrices_;
  GradientMatrices gradients_;
};

/// Frozen SwiGLU experts in any format, each of whose matrices may have an adapter that learns.
template <class ConstellationType, class GradientsType = ConstellationType>
class AdaptedExperts {
 public:
  using Constellation = ConstellationType;
  using Gradients = GradientsType;
  using Expert = typename Constellation::ExpertType;
  static_assert(expert::Gated<Expert>, "adapters are for gated experts, such as expert::SwiGlu");
  using Format = typename Expert::Weights::Format;

  struct Saved {
    backend::DeviceMatrix<float> gate;  ///< (slots, ffn): before SiLU
    backend::DeviceMatrix<float> up;
  };
  static constexpr Saved lay_out_saved(backend::Layout& cursor, const Shape& shape, std::size_t slots) {
    const auto ffn = static_cast<std::size_t>(shape.ffn);
    return {cursor.matrix<float>(slots, ffn), cursor.matrix<float>(slots, ffn)};
  }

  struct Work {
    backend::DeviceMatrix<float> inner;   ///< (slots, ffn): silu(gate) * up
    backend::DeviceMatrix<float> dinner;  ///< (slots, ffn)
    LowRankWork low_rank;
  };
  static constexpr Work lay_out_work(backend::Layout& cursor, const Shape& shape, std::size_t slots,
                                     std::int32_t rank) {
    const auto ffn = static_cast<std::size_t>(shape.ffn);
    return {cursor.matrix<float>(slots, ffn), cursor.matrix<float>(slots, ffn),
            LowRankWork::lay_out(cursor, slots, static_cast<std::size_t>(rank))};
  }

  AdaptedExperts(const Shape& /*shape*/, const Constellation& weights, const Gradients* /*gradients*/,
                 const AdapterLayer& adapters, const AdapterLayer& adapter_gradients) {
    for (std::size_t e = 0; e < weights.experts(); ++e) {
      const auto& slab = weights.expert(e);
      gate_.add(slab.gate, adapters.experts[e].gate, adapter_gradients.experts[e].gate);
      up_.add(slab.up, adapters.experts[e].up, adapter_gradients.experts[e].up);
      down_.add(slab.down, adapters.experts[e].down, adapter_gradients.experts[e].down);
    }
  }

  template <class Device>
  void forward(Device& device, const backend::ExpertGroups& groups, backend::DeviceMatrix<const float> x,
               const Saved& saved, const Work& work, backend::DeviceMatrix<float> y) const {
    gate_.forward(device, groups, x, work.low_rank, saved.gate);
    up_.forward(device, groups, x, work.low_rank, saved.up);
    device.silu_multiply(saved.gate, saved.up, work.inner);
    down_.forward(device, groups, work.inner, work.low_rank, y);
  }

  template <class Device>
  void backward(Device& device, const backend::ExpertGroups& groups, backend::DeviceMatrix<const float> x,
                const Saved& saved, const Work& work, backend::DeviceMatrix<const float> dy,
                backend::DeviceMatrix<float> dx) const {
    device.silu_multiply(saved.gate, saved.up, work.inner);
    down_.backward(device, groups, work.inner, dy, work.low_rank, backend::Into::overwrite, work.dinner);
    device.silu_multiply_backward(work.dinner, saved.gate, saved.up);
    gate_.backward(device, groups, x, saved.gate, work.low_rank, backend::Into::overwrite, dx);
    up_.backward(device, groups, x, saved.up, work.low_rank, backend::Into::add, dx);
  }

 private:
  GroupedLinear<Format> gate_;
  GroupedLinear<Format> up_;
  GroupedLinear<Format> down_;
};

}  // namespace asterism::train
