// A model that learns: weights, gradients and optimizer on one device, step by step.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "asterism/backend/adjoint.hpp"
#include "asterism/backend/arena.hpp"
#include "asterism/backend/operand.hpp"
#include "asterism/backend/training_host.hpp"
#include "asterism/checkpoint/huggingface/weight_location.hpp"
#include "asterism/checkpoint/peft.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/random.hpp"
#include "asterism/expert/low_rank.hpp"
#include "asterism/model/blueprint.hpp"
#include "asterism/model/plan.hpp"
#include "asterism/model/weights.hpp"
#include "asterism/parallel/threads.hpp"
#include "asterism/train/adapters.hpp"
#include "asterism/train/batch.hpp"
#include "asterism/train/bias.hpp"
#include "asterism/train/clip.hpp"
#include "asterism/train/gradient.hpp"
#include "asterism/train/loss_scale.hpp"
#include "asterism/train/losses.hpp"
#include "asterism/train/parameter.hpp"
#include "asterism/train/pass.hpp"
#include "asterism/train/plan.hpp"
#include "asterism/train/recipe.hpp"
#include "asterism/train/report.hpp"
#include "asterism/train/stored_tensor.hpp"

namespace asterism::train {

/// Trains a network of Blueprint B by recipe R on the CPU. The weights are a model::Decoder's, uninitialised at first:
/// fill them from a checkpoint or otherwise; their gradients are another one's. If R has adapters, these learn in the
/// place of the weights, which may be in any format then; a new adapter answers 0 (see `reset_adapters`). All memory is
/// drawn at construction, as train::plan says: a step allocates nothing of the device. The results of a step have the
/// same bits for any number of threads and any R::Recompute. Not thread-safe.
template <DerivesFromBlueprint B, DerivesFromRecipe R = Recipe>
class Trainer {
 public:
  using Blueprint = B;
  using Recipe = R;
  using Device = backend::TrainingHost;
  using Network = typename model::Assembly<B>::Network;
  using Gradients = typename model::Assembly<GradientsOf<B, R>>::Network;

  /// Throws BudgetExceeded where the plan does not fit into `budget`, Unsupported where a layer does not learn.
  Trainer(const Shape& shape, Bytes budget, const Limits& limits = B::limits, const Numbers<R>& numbers = {})
      : shape_(shape),
        numbers_(numbers),
        plan_(checked(train::plan<B, R>(budget, shape, limits))),
        devices_(device(budget, limits)),
        weights_(network<B>(limits)) {
    if (weights_->has_own_head() == shape.tied_head) {
      throw Unsupported("a tied head needs the Blueprint's Embedding and Head to be of one format");
    }
    Device& here = *devices_.front();
    if constexpr (R::adapters.any()) {
      adapters_ = std::make_unique<AdapterSet>(here, shape, R::adapters.without_router());
      adapter_gradients_ = std::make_unique<AdapterSet>(here, shape, R::adapters);
    } else {
      gradients_ = network<GradientsOf<B, R>>(limits);
      if (plan_.masters > Bytes{0}) masters_ = here.allocate(plan_.masters, "masters");
    }
    states_ = here.allocate(OptimizerBytes<R>::of(shape).states, "optimizer");
    work_ = here.allocate(OptimizerBytes<R>::of(shape).total() - states_.size(), "optimizer");
    here.reserve_training(extent_of<B, R>(shape, limits.threads));
    make_parameters();
    pass_.emplace(here, shape, *weights_, gradients_.get(), adapters_.get(), adapter_gradients_.get());
  }

  const Shape& shape() const { return shape_; }
  const Plan& plan() const { return plan_; }
  const Numbers<R>& numbers() const { return numbers_; }
  const Network& weights() const { return *weights_; }
  const AdapterSet& adapters() const requires(R::adapters.any()) { return *adapters_; }
  const std::vector<std::unique_ptr<Device>>& devices() const { return devices_; }
  /// All tensors that learn, in the order of for_each_tensor. Those of adapters have the names of PEFT's files.
  View<const Parameter> parameters() const { return parameters_; }
  /// Steps taken, those that were skipped among them.
  std::int64_t steps() const { return step_; }
  /// What the next step multiplies its loss by; 1 unless the recipe's gradients are float16.
  const LossScale& loss_scale() const { return scale_; }
  /// Choices by layer and expert in the last pass that made gradients, (layers * experts); 0 for dense layers.
  View<const std::int32_t> load() const { return pass_->load(); }
  /// What the router of each layer did in it; of dense layers nothing.
  View<const RouterReport> routers() const { return pass_->routers(); }

  /// The optimizer forgets; the next step is the first.
  void reset() {
    for (const Parameter& parameter : parameters_) {
      if (parameter.kind != Kind::bias) numbers_.optimizer.initialise(parameter);
    }
    step_ = 0;
    scale_ = LossScale::of(R::precision);
  }

  /// Adapters begin anew: A uniform within 1 / sqrt(cols), B zero, so that the model is the base's; a router that
  /// learns stays as it is, the base's after load_weights. Source: PEFT, `reset_lora_parameters`, which draws from
  /// kaiming_uniform_(a = sqrt(5)).
  void reset_adapters(std::uint64_t seed) requires(R::adapters.any()) {
    Random random(seed);
    for (const Parameter& parameter : parameters_) {
      if (parameter.kind == Kind::router) continue;
      const bool is_a = parameter.name.ends_with("lora_A.weight");
      const double bound = 1 / std::sqrt(static_cast<double>(parameter.weights.cols));
      for (float& value : parameter.values()) {
        value = is_a ? static_cast<float>(bound * (2 * random.uniform() - 1)) : 0.0F;
      }
    }
    reset();
  }

  /// Weights and Parameter::state are those after `steps` steps, and `scale` is that of the next: somebody has written
  /// them.
  void resume(std::int64_t steps, const LossScale& scale = LossScale::of(R::precision)) {
    step_ = steps;
    scale_ = scale;
  }

  /// One step of `all` in the schedule: gradients of the batch, limited, and an update of all weights. InvalidArgument
  /// for a batch that is no batch, and where all steps were taken; NumericError, which names step and tensor, where a
  /// gradient is NaN or infinite: weights and optimizer are as before then. Where the recipe scales the loss, such a
  /// step is skipped without an error, as long as its loss is finite and the scale can become smaller.
  StepReport step(const Batch& batch, std::int64_t all) {
    clear_gradients();
    const PassReport pass = accumulate(batch);
    StepReport out = update(all);
    out.pass = pass;
    return out;
  }

  /// The second half of `step`: limits the gradients that `accumulate` made, of one batch or of several, and updates
  /// all weights.
  StepReport update(std::int64_t all) {
    if (step_ >= all) throw InvalidArgument(concat("step ", step_ + 1, " of ", all, ": the schedule has ended"));
    StepReport out;
    const parallel::ExecutionRef& execution = devices_.front()->execution();
    out.step = step_ + 1;
    out.rate = numbers_.optimizer.rate * numbers_.schedule.factor(out.step, all);
    if (R::precision.scales()) out.scale = scale_.value;
    for (Parameter& parameter : parameters_) parameter.gradient.factor = 1 / scale_.value;
    const GradientNorm norm = measure_gradients(execution, parameters_, norm_scratch());
    if (norm.not_finite != nullptr) {
      out.skipped = losses_are_finite_ && scale_.shrink();
      if (!out.skipped) refuse_gradient(*norm.not_finite, out.step);
      ++step_;
      return out;
    }
    out.norm = norm.value;
    limit_gradients(parameters_, norm.value, numbers_.clip);
    for (const Parameter& parameter : parameters_) {
      if (parameter.kind == Kind::bias) {
        follow_load(parameter, numbers_.losses.bias);
        continue;
      }
      numbers_.optimizer.update(execution, parameter, out.step - scale_.skipped, out.rate,
                                {work_.data(), optimizer_.work.count});
    }
    scale_.grow(R::precision);
    ++step_;
    return out;
  }

  void clear_gradients() {
    losses_are_finite_ = true;
    for (Parameter& parameter : parameters_) {
      parameter.gradient.factor = 1 / scale_.value;
      parameter.gradient.clear(devices_.front()->execution());
    }
  }

  /// Adds the gradients of a batch's loss to what is there.
  PassReport accumulate(const Batch& batch) {
    PassReport out = pass_->begin(batch);
    pass_->forward(true);
    pass_->lose(out, true, scale_.value);
    losses_are_finite_ = losses_are_finite_ && std::isfinite(out.loss);
    Losses losses = numbers_.losses;
    losses.balance *= scale_.value;
    losses.z *= scale_.value;
    pass_->backward(losses, out);
    return out;
  }

  /// The loss of a batch, without gradients; nothing is said of routers.
  PassReport evaluate(const Batch& batch) {
    PassReport out = pass_->begin(batch);
    pass_->forward(false);
    pass_->lose(out, false);
    return out;
  }

 private:
  static Plan checked(const Plan& plan) {
    if (plan.fits()) return plan;
    throw BudgetExceeded(concat("training needs ", to_string(plan.total()), ", allowed are ",
                                to_string(plan.budget), ": weights ", to_string(plan.weights), ", masters ",
                                to_string(plan.masters), ", gradients ", to_string(plan.gradients), ", optimizer ",
                                to_string(plan.optimizer), ", activations ", to_string(plan.activations),
                                ", workspace ", to_string(plan.workspace),
                                "; a smaller batch or sequence, a Recompute, or a narrower Precision takes less"));
  }

  static std::vector<std::unique_ptr<Device>> device(Bytes budget, const Limits& limits) {
    std::vector<std::unique_ptr<Device>> out;
    out.push_back(std::make_unique<Device>(
        0, budget, std::make_shared<parallel::Threads>(static_cast<std::size_t>(limits.threads))));
    return out;
  }

  template <class Policies>
  auto network(const Limits& limits) const {
    return std::make_unique<typename model::Assembly<Policies>::Network>(
        devices_, place_on_one<Policies>(shape_, limits), shape_, model::gating_of<Policies>(shape_));
  }

  void make_parameters() {
    std::uint64_t used = 0;
    std::uint64_t used_masters = 0;
    for_each_tensor(
        shape_, R::adapters,
        [&](const model::WeightId& id, Half half, Kind kind, std::size_t rows, std::size_t cols) {
          const Bytes state = state_bytes<OptimizerOf<R>>(kind, rows, cols);
          checkpoint::WeightLocation place = checkpoint::locate(id, shape_, checkpoint::ExpertLayout::separate);
          if (!place.rows.in_order() || place.transform != model::Transform::none) {
            throw Unsupported(
                concat("'", place.name, "' is not stored as it is computed: such models do not learn yet"));
          }
          std::string name = std::move(place.name);
          MatrixView<float> weights;
          Gradient gradient;
          View<std::uint16_t> rounded;
          if (half == Half::none) {
            const Gradient stored = stored_tensor(*weights_, id, rows, cols);
            weights = {reinterpret_cast<float*>(stored.data), rows, cols};
            if constexpr (R::adapters.any()) {
              name = checkpoint::peft_whole_name(name);
              gradient = {reinterpret_cast<float*>(adapter_gradients_->layer(id.layer).router.data), rows, cols};
            } else {
              gradient = stored_tensor(*gradients_, id, rows, cols);
              if (has_master<B>(kind)) {
                rounded = {reinterpret_cast<std::uint16_t*>(stored.data), rows * cols};
                weights.data = reinterpret_cast<float*>(masters_.data() + used_masters);
                used_masters += master_bytes(rows, cols).count;
              }
            }
          } else {
            name = checkpoint::peft_name(name, half == Half::a ? "lora_A" : "lora_B");
            weights = stored_half(*adapters_, id, half);
            gradient = stored_half(*adapter_gradients_, id, half);
          }
          parameters_.push_back({.name = std::move(name),
                                 .weights = weights,
                                 .gradient = gradient,
                                 .state = {states_.data() + used, static_cast<std::size_t>(state.count)},
                                 .decays = decays_by_default(kind),
                                 .kind = kind,
                                 .rounded = rounded});
          used += aligned(state.count);
        });
    reset();
  }

  View<double> norm_scratch() const {
    return {reinterpret_cast<double*>(work_.data() + optimizer_.work.count), optimizer_.pieces};
  }

  Shape shape_;
  Numbers<R> numbers_;
  Plan plan_;
  std::vector<std::unique_ptr<Device>> devices_;
  std::unique_ptr<Network> weights_;
  std::unique_ptr<Gradients> gradients_;  ///< none where the weights are frozen
  std::unique_ptr<AdapterSet> adapters_;  ///< none where the weights learn
  std::unique_ptr<AdapterSet> adapter_gradients_;
  OptimizerBytes<R> optimizer_ = OptimizerBytes<R>::of(shape_);
  backend::Buffer masters_;
  backend::Buffer states_;
  backend::Buffer work_;
  std::vector<Parameter> parameters_;
  std::optional<Pass<B, R>> pass_;
  std::int64_t step_ = 0;
  LossScale scale_{};
  bool losses_are_finite_ = true;  ///< those of the gradients that are there
};

}  // namespace asterism::train
