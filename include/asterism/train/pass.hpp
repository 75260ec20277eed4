// One pass of a batch: forward, its loss, and the gradients on their way back.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "asterism/backend/adjoint.hpp"
#include "asterism/backend/arena.hpp"
#include "asterism/backend/layout.hpp"
#include "asterism/backend/operand.hpp"
#include "asterism/backend/sequences.hpp"
#include "asterism/backend/training_host.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/core/view.hpp"
#include "asterism/model/plan.hpp"
#include "asterism/shape/shape.hpp"
#include "asterism/train/adapters.hpp"
#include "asterism/train/batch.hpp"
#include "asterism/train/block.hpp"
#include "asterism/train/losses.hpp"
#include "asterism/train/memory.hpp"
#include "asterism/train/plan.hpp"
#include "asterism/train/recipe.hpp"
#include "asterism/train/report.hpp"

namespace asterism::train {

/// The layers of a network of Blueprint B with the memory of their activations, as recipe R keeps them. `begin`, then
/// `forward`, `lose`, and for gradients `backward`, in this order. Allocates nothing after construction. Not
/// thread-safe.
template <class B, class R>
class Pass {
 public:
  using Device = backend::TrainingHost;
  using Network = typename model::Assembly<B>::Network;
  using Gradients = typename model::Assembly<GradientsOf<B, R>>::Network;

  /// Draws activations and workspace from the device, which has reserved scratch memory. Without `gradients` the
  /// weights are frozen, without `adapters` there are none; all outlive the pass.
  Pass(Device& device, const Shape& shape, const Network& weights, const Gradients* gradients,
       const AdapterSet* adapters, const AdapterSet* adapter_gradients)
      : device_(&device),
        shape_(shape),
        weights_(&weights),
        gradients_(gradients),
        kept_memory_(device.allocate(KeptMemory::bytes(shape, step_rows<R>, R::precision.saved), "activations")),
        step_memory_(device.allocate(Work::bytes(shape, step_rows<R>, R::adapters), "workspace")),
        positions_memory_(device.allocate(positions_bytes(shape, R::sequence), "workspace")),
        positions_(backend::matrix_in<float>(positions_memory_, 0, static_cast<std::size_t>(R::sequence),
                                             static_cast<std::size_t>(shape.rotary_width()))),
        kept_(shape) {
    device.rotary_tables(0, shape.rope(), positions_);
    AdapterLayer none;
    none.experts.resize(static_cast<std::size_t>(shape.experts));
    for (std::int32_t l = 0; l < shape.layers; ++l) {
      const auto at = static_cast<std::size_t>(l);
      blocks_.emplace_back(shape, weights.blocks()[at], gradients != nullptr ? &gradients->blocks()[at] : nullptr,
                           adapters != nullptr ? adapters->layer(l) : none,
                           adapter_gradients != nullptr ? adapter_gradients->layer(l) : none);
    }
    load_.resize(blocks_.size() * static_cast<std::size_t>(shape.experts));
    routers_.resize(blocks_.size());
    counted_rows_.reserve(step_rows<R>);
    targets_.reserve(step_rows<R>);
    shares_.reserve(step_rows<R>);
  }

  /// Choices by layer and expert in the last `backward`, (layers * experts); 0 for dense layers.
  View<const std::int32_t> load() const { return load_; }
  /// What the router of each layer did in it; of dense layers nothing.
  View<const RouterReport> routers() const { return routers_; }

  /// Checks the batch, and lays the memory out for it.
  PassReport begin(const Batch& batch) {
    batch_ = batch;
    const std::size_t n = batch.tokens.size;
    const auto demand = [](bool met, const auto&... what) {
      if (!met) throw InvalidArgument(concat("the batch: ", what...));
    };
    demand(n > 0 && n <= step_rows<R>, n, " tokens, expected 1 to ", step_rows<R>,
           ", the recipe's batch * sequence");
    demand(batch.targets.size == n && batch.weights.size == n, n, " tokens, ", batch.targets.size, " targets and ",
           batch.weights.size, " weights");
    demand(sequences().cut(n, static_cast<std::size_t>(R::sequence)),
           "its sequences do not cut its tokens, or one has more than ", R::sequence);
    counted_rows_.clear();
    targets_.clear();
    shares_.clear();
    double total = 0;
    for (std::size_t i = 0; i < n; ++i) {
      demand(batch.weights[i] >= 0 && std::isfinite(batch.weights[i]), "the weight of token ", i, " is ",
             batch.weights[i], ", expected a finite number >= 0");
      if (batch.weights[i] == 0) continue;
      total += static_cast<double>(batch.weights[i]);
      counted_rows_.push_back(static_cast<std::int32_t>(i));
      targets_.push_back(batch.targets[i]);
    }
    demand(!counted_rows_.empty(), "no prediction counts: all weights are 0");
    for (const std::int32_t row : counted_rows_) {
      shares_.push_back(
          static_cast<float>(static_cast<double>(batch.weights[static_cast<std::size_t>(row)]) / total));
    }
    backend::Layout kept(kept_memory_);
    kept_.lay_out(kept, shape_, n, R::precision.saved);
    backend::Layout step(step_memory_);
    now_ = Work::lay_out(step, shape_, n, counted_rows_.size(), R::adapters);
    return {.tokens = n, .counted = counted_rows_.size()};
  }

  /// `drops`: as a model learns, which counts for experts with a capacity.
  void forward(bool drops) {
    Device& here = *device_;
    for (std::size_t s = 0; s < sequences().size(); ++s) {
      const std::size_t rows = sequences().rows(s);
      here.copy_from(positions_.rows_at(0, rows), now_.block.tables.rows_at(sequences().first(s), rows));
    }
    here.embed(weights_->embedding(), batch_.tokens, input(0));
    for (std::int32_t l = 0; l < shape_.layers; ++l) {
      if (begins_group(l)) here.copy_from(input(l), start(l));
      forward_layer(l, l + 1 < shape_.layers ? input(l + 1) : kept_.last, drops);
    }
  }

  /// Adds the loss to `out` and, if asked for, computes `scale` times its gradient at the last layer's output; `scale`
  /// is a power of two.
  void lose(PassReport& out, bool with_gradient, float scale = 1) {
    Device& here = *device_;
    const auto epsilon = static_cast<float>(shape_.rms_epsilon);
    here.take_rows(kept_.last, counted_rows_, now_.counted);
    if (with_gradient) here.clear(now_.dcounted);
    for (float& share : shares_) share *= scale;
    double right = 0;
    for (std::size_t first = 0; first < counted_rows_.size(); first += loss_rows) {
      const std::size_t some = std::min(loss_rows, counted_rows_.size() - first);
      const auto x = now_.counted.rows_at(first, some);
      const auto normed = now_.normed.rows_at(0, some);
      const auto logits = now_.logits.rows_at(0, some);
      const backend::DeviceMatrix<float> results{{now_.results.view.data, 2, some, now_.results.view.stride},
                                                 now_.results.device};
      here.rms_norm(x, weights_->final_norm(), epsilon, normed);
      here.product(weights_->head(), normed, logits);
      here.cross_entropy(logits, View<const TokenId>(targets_).subview(first, some),
                         View<const float>(shares_).subview(first, some), results);
      const auto [terms] = here.read(results);
      for (std::size_t i = 0; i < some; ++i) {
        out.loss += static_cast<double>(terms(0, i) / scale);
        right += static_cast<double>(terms(1, i));
      }
      if (!with_gradient) continue;
      const auto dnormed = now_.dnormed.rows_at(0, some);
      if constexpr (!R::adapters.any()) here.weight_gradient(logits, normed, gradients_->head());
      here.product_backward(weights_->head(), logits, backend::Into::overwrite, dnormed);
      here.rms_norm_backward(x, weights_->final_norm(), epsilon, dnormed, now_.dcounted.rows_at(first, some),
                             gradients_ != nullptr ? gradients_->final_norm() : backend::DeviceMatrix<float>{});
    }
    out.right = right / static_cast<double>(counted_rows_.size());
    if (with_gradient) here.take_rows_backward(now_.dcounted, counted_rows_, now_.d);
  }

  /// Takes the gradient that `lose` made back through all layers, with those of the routers' own losses, which are as
  /// many times as large.
  void backward(const Losses& losses, PassReport& out) {
    Device& here = *device_;
    std::fill(load_.begin(), load_.end(), 0);
    for (std::int32_t l = shape_.layers - 1; l >= 0; --l) {
      if constexpr (Recompute::group > 0) {
        // The last group's activations are still there.
        const bool ends_group = (l + 1) % Recompute::group == 0 && l + 1 < shape_.layers;
        if (ends_group) forward_group(l);
      }
      if constexpr (Recompute::experts) {
        if (l + 1 < shape_.layers) answer_layer(l, kept_.last, true);
      }
      kept_.experts.fetch(here, Recompute::at(l).experts, R::precision.saved);
      routers_[static_cast<std::size_t>(l)] =
          block(l).answer_backward(here, losses, attention(l).middle, experts(l), now_.block, now_.d);
      if (!block(l).is_dense()) count_load(l);
      kept_.attention.fetch(here, Recompute::at(l).attention, R::precision.saved);
      block(l).attend_backward(here, sequences(), input(l), attention(l), now_.block, now_.d);
    }
    if constexpr (!R::adapters.any()) here.embed_backward(batch_.tokens, now_.d, gradients_->embedding());
    const auto routed = static_cast<double>(shape_.sparse_layers().size());
    for (std::int32_t l = 0; l < shape_.layers; ++l) {
      const RouterReport& one = routers_[static_cast<std::size_t>(l)];
      if (block(l).is_dense()) continue;
      out.router.balance += one.balance / routed;
      out.router.z += one.z / routed;
      out.router.entropy += one.entropy / routed;
      out.router.dropped += one.dropped / routed;
    }
  }

 private:
  using Experts = ExpertsOf<B, R>;
  using Recompute = typename R::Recompute;
  using KeptMemory = Kept<Experts, Recompute>;
  using Work = StepWork<Experts>;
  using Layer = Block<typename Network::Block, typename Gradients::Block, Experts>;

  backend::Sequences sequences() const { return {batch_.ends}; }

  backend::DeviceMatrix<float> input(std::int32_t layer) const {
    return kept_.inputs[static_cast<std::size_t>(Recompute::at(layer).input)];
  }
  const AttentionHalf& attention(std::int32_t layer) const {
    return kept_.attention.at(Recompute::at(layer).attention);
  }
  const ExpertsHalf<Experts>& experts(std::int32_t layer) const {
    return kept_.experts.at(Recompute::at(layer).experts);
  }
  const Layer& block(std::int32_t layer) const { return blocks_[static_cast<std::size_t>(layer)]; }
  bool begins_group(std::int32_t layer) const {
    if constexpr (Recompute::group == 0) {
      return false;
    } else {
      return layer % Recompute::group == 0;
    }
  }
  backend::DeviceMatrix<float> start(std::int32_t layer) const {
    if constexpr (Recompute::group == 0) {
      return {};
    } else {
      return kept_.starts[static_cast<std::size_t>(layer / Recompute::group)];
    }
  }

  /// Layer `l`, from its input to `out`.
  void forward_layer(std::int32_t l, backend::DeviceMatrix<float> out, bool drops) {
    Device& here = *device_;
    block(l).attend(here, sequences(), input(l), attention(l), now_.block);
    kept_.attention.keep(here, Recompute::at(l).attention, R::precision.saved);
    answer_layer(l, out, drops);
  }
  void answer_layer(std::int32_t l, backend::DeviceMatrix<float> out, bool drops) {
    block(l).answer(*device_, attention(l).middle, experts(l), now_.block, out, drops);
    kept_.experts.keep(*device_, Recompute::at(l).experts, R::precision.saved);
  }

  /// Computes the layers of the group that ends with `last` again.
  void forward_group(std::int32_t last) {
    const std::int32_t first = last + 1 - Recompute::group;
    device_->copy_from(start(first), input(first));
    for (std::int32_t l = first; l <= last; ++l) forward_layer(l, l < last ? input(l + 1) : kept_.last, true);
  }

  void count_load(std::int32_t layer) {
    const auto [counts] = device_->read(experts(layer).experts.counts);
    const auto count = static_cast<std::size_t>(shape_.experts);
    for (std::size_t e = 0; e < count; ++e) load_[static_cast<std::size_t>(layer) * count + e] = counts(0, e);
  }

  Device* device_;
  Shape shape_;
  const Network* weights_;
  const Gradients* gradients_;
  backend::Buffer kept_memory_;
  backend::Buffer step_memory_;
  backend::Buffer positions_memory_;
  backend::DeviceMatrix<float> positions_;  ///< (sequence, rotary width): rotary tables
  std::vector<Layer> blocks_;

  // Of the pass under way:
  Batch batch_{};
  KeptMemory kept_;
  Work now_{};
  std::vector<std::int32_t> counted_rows_;  ///< whose next token counts
  std::vector<TokenId> targets_;            ///< of these
  std::vector<float> shares_;               ///< of the loss, with the sum 1
  std::vector<std::int32_t> load_;
  std::vector<RouterReport> routers_;
};

}  // namespace asterism::train
