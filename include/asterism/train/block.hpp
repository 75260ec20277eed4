// One layer that learns: attention and experts, each after a norm and added to the residual stream.
#pragma once

#include <cstddef>
#include <optional>

#include "asterism/attention/grouped_query.hpp"
#include "asterism/backend/layout.hpp"
#include "asterism/backend/operand.hpp"
#include "asterism/backend/sequences.hpp"
#include "asterism/shape/shape.hpp"
#include "asterism/train/adapters.hpp"
#include "asterism/train/attention.hpp"
#include "asterism/train/dispatch.hpp"
#include "asterism/train/feed_forward.hpp"
#include "asterism/train/losses.hpp"
#include "asterism/train/report.hpp"

namespace asterism::train {

/// What the first half of a layer leaves.
struct AttentionHalf {
  AttentionSaved attention;
  backend::DeviceMatrix<float> middle;  ///< (rows, hidden): the residual stream between the halves

  /// `wide`: for what may be kept in a narrower type.
  static constexpr AttentionHalf lay_out(backend::Layout& cursor, backend::Layout& wide, const Shape& shape,
                                         std::size_t rows) {
    return {AttentionSaved::lay_out(wide, shape, rows),
            cursor.matrix<float>(rows, static_cast<std::size_t>(shape.hidden))};
  }
};

/// What the second half leaves; a layer uses one of the two, in the same memory.
template <class Experts>
struct ExpertsHalf {
  DispatchSaved<Experts> experts;
  FeedForwardSaved dense;

  /// `wide`: for what may be kept in a narrower type; it may be `cursor`.
  static constexpr ExpertsHalf lay_out(backend::Layout& cursor, backend::Layout& wide, const Shape& shape,
                                       std::size_t rows) {
    ExpertsHalf out{};
    backend::Layout other = wide;
    if (!shape.sparse_layers().empty()) out.experts = DispatchSaved<Experts>::lay_out(cursor, wide, shape, rows);
    if (!shape.dense_layers.empty()) out.dense = FeedForwardSaved::lay_out(other, shape, rows);
    if (other.used() > wide.used()) wide = other;
    return out;
  }
};

/// Memory that all layers share.
template <class Experts>
struct BlockWork {
  backend::DeviceMatrix<float> tables;   ///< (rows, rotary width)
  backend::DeviceMatrix<float> normed;   ///< (rows, hidden)
  backend::DeviceMatrix<float> dnormed;  ///< (rows, hidden)
  AttentionWork attention;
  DispatchWork<Experts> experts;
  FeedForwardWork dense;

  static constexpr BlockWork lay_out(backend::Layout& cursor, const Shape& shape, std::size_t rows,
                                     const Adapters& adapters) {
    const auto hidden = static_cast<std::size_t>(shape.hidden);
    const std::size_t routed = shape.sparse_layers().empty() ? 0 : rows;
    return {cursor.matrix<float>(rows, static_cast<std::size_t>(shape.rotary_width())),
            cursor.matrix<float>(rows, hidden),
            cursor.matrix<float>(rows, hidden),
            AttentionWork::lay_out(cursor, shape, rows, adapters.attention),
            DispatchWork<Experts>::lay_out(cursor, shape, routed, adapters.experts),
            FeedForwardWork::lay_out(cursor, shape, rows)};
  }
};

/// The arithmetic of model::DecoderBlock over packed sequences, and its gradient, on the weights of a decoder's block
/// and on those of another in the place of gradients; without that one its weights are frozen. All outlive it.
///
/// @tparam GradientBlock  the decoder's block in the place of gradients, a quant::PlainFloat in the place of its format
/// @tparam ExpertsType    LearningExperts or AdaptedExperts
template <class DecoderBlock, class GradientBlock, class ExpertsType>
class Block {
 public:
  using Experts = ExpertsType;
  using Constellation = typename DecoderBlock::Constellation;
  using Quantization = typename DecoderBlock::FeedForward::Weights::Format;
  using GradientFormat = typename GradientBlock::FeedForward::Weights::Format;
  using Work = BlockWork<Experts>;

  Block(const Shape& shape, const DecoderBlock& weights, const GradientBlock* gradients,
        const AdapterLayer& adapters, const AdapterLayer& adapter_gradients)
      : weights_(&weights),
        epsilon_(static_cast<float>(shape.rms_epsilon)),
        attention_(shape, slab<Quantization>(weights),
                   gradients != nullptr ? slab<GradientFormat>(*gradients) : typename Attention::Gradients{},
                   adapters, adapter_gradients) {
    if (gradients != nullptr) norm_gradients_ = gradients->norms();
    if (!weights.is_dense()) {
      experts_.emplace(shape, weights.constellation(),
                       gradients != nullptr ? &gradients->constellation() : nullptr, adapters, adapter_gradients);
    } else if (gradients != nullptr) {
      dense_gradients_ = gradients->feed_forward().slab();
    }
  }

  bool is_dense() const { return weights_->is_dense(); }

  /// half.middle = x + attention(norm(x)); x (n, hidden).
  template <class Device>
  void attend(Device& device, const backend::Sequences& sequences, backend::DeviceMatrix<const float> x,
              const AttentionHalf& half, const Work& work) const {
    device.rms_norm(x, weights_->norms().attention, epsilon_, work.normed);
    attention_.forward(device, sequences, work.normed, work.tables, half.attention, work.attention, half.middle);
    device.add(x, half.middle);
  }

  /// y = middle + experts(norm(middle)), or the dense block's answer; y may not be middle. `drops`: as a model learns,
  /// which counts for experts with a capacity.
  template <class Device>
  void answer(Device& device, backend::DeviceMatrix<const float> middle, const ExpertsHalf<Experts>& half,
              const Work& work, backend::DeviceMatrix<float> y, bool drops) const {
    device.rms_norm(middle, weights_->norms().feed_forward, epsilon_, work.normed);
    device.copy_from(middle, y);
    if (is_dense()) {
      FeedForward::forward(device, weights_->feed_forward().slab(), work.normed, half.dense, work.dense, y);
    } else {
      experts_->forward(device, work.normed, half.experts, work.experts, y, drops);
    }
  }

  /// d (n, hidden), the gradient of y, becomes that of the middle; returns what its router did.
  template <class Device>
  RouterReport answer_backward(Device& device, const Losses& losses, backend::DeviceMatrix<const float> middle,
                               const ExpertsHalf<Experts>& half, const Work& work,
                               backend::DeviceMatrix<float> d) const {
    RouterReport out;
    device.rms_norm(middle, weights_->norms().feed_forward, epsilon_, work.normed);
    if (is_dense()) {
      FeedForward::backward(device, weights_->feed_forward().slab(), dense_gradients_, work.normed, half.dense,
                            work.dense, d, work.dnormed);
    } else {
      out = experts_->backward(device, losses, work.normed, half.experts, work.experts, d, work.dnormed);
    }
    device.rms_norm_backward(middle, weights_->norms().feed_forward, epsilon_, work.dnormed, d,
                             norm_gradients_.feed_forward);
    return out;
  }

  /// d (n, hidden), the gradient of the middle, becomes that of x.
  template <class Device>
  void attend_backward(Device& device, const backend::Sequences& sequences, backend::DeviceMatrix<const float> x,
                       const AttentionHalf& half, const Work& work, backend::DeviceMatrix<float> d) const {
    device.rms_norm(x, weights_->norms().attention, epsilon_, work.normed);
    attention_.backward(device, sequences, work.normed, work.tables, half.attention, work.attention, d,
                        work.dnormed);
    device.rms_norm_backward(x, weights_->norms().attention, epsilon_, work.dnormed, d, norm_gradients_.attention);
  }

 private:
  using Attention = train::Attention<Quantization, GradientFormat>;
  using FeedForward = train::FeedForward<Quantization, GradientFormat>;

  template <class Format, class OfBlock>
  static const auto& slab(const OfBlock& block) {
    return block.template mixer<attention::GroupedQuery<Format>>().slab();
  }

  const DecoderBlock* weights_;
  typename GradientBlock::Norms norm_gradients_{};
  typename FeedForward::Gradients dense_gradients_{};
  float epsilon_;
  Attention attention_;
  std::optional<Dispatch<Experts>> experts_;
};

}  // namespace asterism::train
