// One layer that learns: attention and experts, each after a norm and added to the residual stream.
#pragma once

#include <cstddef>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include "asterism/attention/grouped_query.hpp"
#include "asterism/backend/layout.hpp"
#include "asterism/backend/operand.hpp"
#include "asterism/backend/sequences.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/shape/shape.hpp"
#include "asterism/train/attention.hpp"
#include "asterism/train/dispatch.hpp"
#include "asterism/train/feed_forward.hpp"
#include "asterism/train/losses.hpp"

namespace asterism::train {

/// What the first half of a layer leaves.
struct AttentionHalf {
  AttentionSaved attention;
  backend::DeviceMatrix<float> middle;  ///< (rows, hidden): the residual stream between the halves

  static constexpr AttentionHalf lay_out(backend::Layout& cursor, const Shape& shape, std::size_t rows) {
    return {AttentionSaved::lay_out(cursor, shape, rows),
            cursor.matrix<float>(rows, static_cast<std::size_t>(shape.hidden))};
  }
};

/// What the second half leaves; a layer uses one of the two, in the same memory.
template <class Expert>
struct ExpertsHalf {
  DispatchSaved<Expert> experts;
  FeedForwardSaved dense;

  static constexpr ExpertsHalf lay_out(backend::Layout& cursor, const Shape& shape, std::size_t rows) {
    ExpertsHalf out{};
    backend::Layout other = cursor;
    if (!shape.sparse_layers().empty()) out.experts = DispatchSaved<Expert>::lay_out(cursor, shape, rows);
    if (!shape.dense_layers.empty()) out.dense = FeedForwardSaved::lay_out(other, shape, rows);
    if (other.used() > cursor.used()) cursor = other;
    return out;
  }
};

/// Memory that all layers share.
template <class Expert>
struct BlockWork {
  backend::DeviceMatrix<float> tables;   ///< (rows, rotary width)
  backend::DeviceMatrix<float> normed;   ///< (rows, hidden)
  backend::DeviceMatrix<float> dnormed;  ///< (rows, hidden)
  AttentionWork attention;
  DispatchWork<Expert> experts;
  FeedForwardWork dense;

  static constexpr BlockWork lay_out(backend::Layout& cursor, const Shape& shape, std::size_t rows) {
    const auto hidden = static_cast<std::size_t>(shape.hidden);
    const std::size_t routed = shape.sparse_layers().empty() ? 0 : rows;
    return {cursor.matrix<float>(rows, static_cast<std::size_t>(shape.rotary_width())),
            cursor.matrix<float>(rows, hidden),
            cursor.matrix<float>(rows, hidden),
            AttentionWork::lay_out(cursor, shape, rows),
            DispatchWork<Expert>::lay_out(cursor, shape, routed),
            FeedForwardWork::lay_out(cursor, shape, rows)};
  }
};

/// The arithmetic of model::DecoderBlock over packed sequences, and its gradient, on the weights of a decoder's block and
/// on those of another in the place of gradients. Both outlive it.
template <class DecoderBlock>
class Block {
 public:
  using Constellation = typename DecoderBlock::Constellation;
  using Expert = typename Constellation::ExpertType;
  using Quantization = typename DecoderBlock::FeedForward::Weights::Format;
  using Mixer = attention::GroupedQuery<Quantization>;
  using Work = BlockWork<Expert>;

  /// `gating` is not asked for where the layer is dense.
  Block(const DecoderBlock& weights, const DecoderBlock& gradients, const Shape& shape,
        const std::optional<typename Constellation::GatingPolicy>& gating)
      : weights_(&weights),
        gradients_(&gradients),
        epsilon_(static_cast<float>(shape.rms_epsilon)),
        attention_(shape) {
    if (!weights.is_dense()) {
      experts_.emplace(weights.constellation(), gradients.constellation(), shape, gating.value());
    }
  }

  bool is_dense() const { return weights_->is_dense(); }

  /// half.middle = x + attention(norm(x)); x (n, hidden).
  template <class Device>
  void attend(Device& device, const backend::Sequences& sequences, backend::DeviceMatrix<const float> x,
              const AttentionHalf& half, const Work& work) const {
    device.rms_norm(x, weights_->norms().attention, epsilon_, work.normed);
    attention_.forward(device, slab(*weights_), sequences, work.normed, work.tables, half.attention, half.middle);
    device.add(x, half.middle);
  }

  /// y = middle + experts(norm(middle)), or the dense block's answer; y may not be middle.
  template <class Device>
  void answer(Device& device, backend::DeviceMatrix<const float> middle, const ExpertsHalf<Expert>& half,
              const Work& work, backend::DeviceMatrix<float> y) const {
    device.rms_norm(middle, weights_->norms().feed_forward, epsilon_, work.normed);
    device.copy_from(middle, y);
    if (is_dense()) {
      FeedForward<Quantization>::forward(device, weights_->feed_forward().slab(), work.normed, half.dense, work.dense,
                                         y);
    } else {
      experts_->forward(device, work.normed, half.experts, work.experts, y);
    }
  }

  /// d (n, hidden), the gradient of y, becomes that of the middle; returns the losses of the router.
  template <class Device>
  RouterLosses answer_backward(Device& device, const Losses& losses, backend::DeviceMatrix<const float> middle,
                               const ExpertsHalf<Expert>& half, const Work& work,
                               backend::DeviceMatrix<float> d) const {
    RouterLosses out;
    device.rms_norm(middle, weights_->norms().feed_forward, epsilon_, work.normed);
    if (is_dense()) {
      FeedForward<Quantization>::backward(device, weights_->feed_forward().slab(),
                                          gradients_->feed_forward().slab(), work.normed, half.dense, work.dense, d,
                                          work.dnormed);
    } else {
      out = experts_->backward(device, losses, work.normed, half.experts, work.experts, d, work.dnormed);
    }
    device.rms_norm_backward(middle, weights_->norms().feed_forward, epsilon_, work.dnormed, d,
                             gradients_->norms().feed_forward);
    return out;
  }

  /// d (n, hidden), the gradient of the middle, becomes that of x.
  template <class Device>
  void attend_backward(Device& device, const backend::Sequences& sequences, backend::DeviceMatrix<const float> x,
                       const AttentionHalf& half, const Work& work, backend::DeviceMatrix<float> d) const {
    device.rms_norm(x, weights_->norms().attention, epsilon_, work.normed);
    attention_.backward(device, slab(*weights_), slab(*gradients_), sequences, work.normed, work.tables,
                        half.attention, work.attention, d, work.dnormed);
    device.rms_norm_backward(x, weights_->norms().attention, epsilon_, work.dnormed, d,
                             gradients_->norms().attention);
  }

 private:
  static const typename Mixer::Slab& slab(const DecoderBlock& block) { return block.template mixer<Mixer>().slab(); }

  const DecoderBlock* weights_;
  const DecoderBlock* gradients_;
  float epsilon_;
  Attention<Quantization> attention_;
  std::optional<Dispatch<Constellation>> experts_;
};

}  // namespace asterism::train
