// A model that learns: weights, gradients and optimizer on one device, step by step.
#pragma once

#include <algorithm>
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
#include "asterism/backend/layout.hpp"
#include "asterism/backend/operand.hpp"
#include "asterism/backend/sequences.hpp"
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
#include "asterism/train/block.hpp"
#include "asterism/train/clip.hpp"
#include "asterism/train/experts.hpp"
#include "asterism/train/memory.hpp"
#include "asterism/train/parameter.hpp"
#include "asterism/train/plan.hpp"
#include "asterism/train/recipe.hpp"
#include "asterism/train/report.hpp"

namespace asterism::train {

/// Trains a network of Blueprint B by recipe R on the CPU. The weights are a model::Decoder's, uninitialised at first:
/// fill them from a checkpoint or otherwise; their gradients are another one's. If R has adapters, these learn in the
/// place of the weights, which may be in any format then; a new adapter answers 0 (see `reset`). All memory is drawn at
/// construction, as train::plan says: a step allocates nothing of the device. The results of a step have the same bits
/// for any number of threads and any R::Recompute. Not thread-safe.
template <DerivesFromBlueprint B, DerivesFromRecipe R = Recipe>
class Trainer {
 public:
  using Blueprint = B;
  using Recipe = R;
  using Device = backend::TrainingHost;
  using Network = typename model::Assembly<B>::Network;

  /// Throws BudgetExceeded where the plan does not fit into `budget`, Unsupported where a layer does not learn.
  Trainer(const Shape& shape, Bytes budget, const Limits& limits = B::limits, const Numbers<R>& numbers = {})
      : shape_(shape),
        numbers_(numbers),
        plan_(checked(train::plan<B, R>(budget, shape, limits))),
        devices_(device(budget, limits)),
        weights_(devices_, place_on_one<B>(shape, limits), shape, model::gating_of<B>(shape)),
        kept_(shape) {
    if (weights_.has_own_head() == shape.tied_head) {
      throw Unsupported("a tied head needs the Blueprint's Embedding and Head to be of one format");
    }
    Device& here = *devices_.front();
    if constexpr (R::adapters.any()) {
      adapters_.emplace(here, shape, R::adapters);
      adapter_gradients_.emplace(here, shape, R::adapters);
    } else {
      gradients_.emplace(devices_, place_on_one<B>(shape, limits), shape, model::gating_of<B>(shape));
    }
    states_ = here.allocate(OptimizerBytes<R>::of(shape).states, "optimizer");
    work_ = here.allocate(OptimizerBytes<R>::of(shape).total() - states_.size(), "optimizer");
    kept_memory_ = here.allocate(KeptMemory::bytes(shape, step_rows<R>), "activations");
    step_memory_ = here.allocate(Work::bytes(shape, step_rows<R>, R::adapters), "workspace");
    positions_memory_ = here.allocate(positions_bytes(shape, R::sequence), "workspace");
    positions_ = backend::matrix_in<float>(positions_memory_, 0, static_cast<std::size_t>(R::sequence),
                                           static_cast<std::size_t>(shape.rotary_width()));
    here.rotary_tables(0, shape.rope(), positions_);
    here.reserve_training(extent_of<B, R>(shape, limits.threads));
    make_parameters();
    const auto gating = model::gating_of<B>(shape);
    AdapterLayer none;
    none.experts.resize(static_cast<std::size_t>(shape.experts));
    for (std::int32_t l = 0; l < shape.layers; ++l) {
      const auto at = static_cast<std::size_t>(l);
      blocks_.emplace_back(shape, weights_.blocks()[at], gradients_ ? &gradients_->blocks()[at] : nullptr,
                           adapters_ ? adapters_->layer(l) : none,
                           adapter_gradients_ ? adapter_gradients_->layer(l) : none, gating);
    }
    load_.resize(blocks_.size() * static_cast<std::size_t>(shape.experts));
    counted_rows_.reserve(step_rows<R>);
    targets_.reserve(step_rows<R>);
    shares_.reserve(step_rows<R>);
  }

  const Shape& shape() const { return shape_; }
  const Plan& plan() const { return plan_; }
  const Numbers<R>& numbers() const { return numbers_; }
  const Network& weights() const { return weights_; }
  /// Of a recipe that has adapters.
  const AdapterSet& adapters() const { return *adapters_; }
  const std::vector<std::unique_ptr<Device>>& devices() const { return devices_; }
  /// All tensors that learn, in the order of for_each_tensor. Those of adapters have the names of PEFT's files.
  View<const Parameter> parameters() const { return parameters_; }
  /// Steps taken.
  std::int64_t steps() const { return step_; }
  /// Rows of the last pass by layer and expert, (layers * experts); 0 for dense layers.
  View<const std::int32_t> load() const { return load_; }

  /// The optimizer forgets; the next step is the first.
  void reset() {
    for (const Parameter& parameter : parameters_) numbers_.optimizer.initialise(parameter);
    step_ = 0;
  }

  /// Adapters begin anew: A uniform within 1 / sqrt(cols), B zero, so that the model is the base's. Source: PEFT,
  /// `reset_lora_parameters`, which draws from kaiming_uniform_(a = sqrt(5)).
  void reset_adapters(std::uint64_t seed) requires(R::adapters.any()) {
    Random random(seed);
    for (const Parameter& parameter : parameters_) {
      const bool is_a = parameter.name.ends_with("lora_A.weight");
      const double bound = 1 / std::sqrt(static_cast<double>(parameter.weights.cols));
      for (float& value : parameter.values()) {
        value = is_a ? static_cast<float>(bound * (2 * random.uniform() - 1)) : 0.0F;
      }
    }
    reset();
  }

  /// Weights and Parameter::state are those after `steps` steps: somebody has written them.
  void resume(std::int64_t steps) { step_ = steps; }

  /// One step of `all` in the schedule: gradients of the batch, limited, and an update of all weights. InvalidArgument
  /// for a batch that is no batch; NumericError, which names step and tensor, where a gradient is NaN or infinite:
  /// weights and optimizer are as before then.
  StepReport step(const Batch& batch, std::int64_t all) {
    StepReport out;
    clear_gradients();
    out.pass = accumulate(batch);
    const parallel::ExecutionRef& execution = devices_.front()->execution();
    out.step = step_ + 1;
    out.norm = clip_gradients(execution, parameters_, numbers_.clip, out.step, norm_scratch());
    out.rate = numbers_.optimizer.rate * numbers_.schedule.factor(out.step, all);
    for (const Parameter& parameter : parameters_) {
      numbers_.optimizer.update(execution, parameter, out.step, out.rate, {work_.data(), optimizer_.work.count});
    }
    ++step_;
    return out;
  }

  void clear_gradients() {
    for (const Parameter& parameter : parameters_) {
      devices_.front()->clear({parameter.gradient, devices_.front()->device()});
    }
  }

  /// Adds the gradients of a batch's loss to what is there.
  PassReport accumulate(const Batch& batch) {
    PassReport out = begin(batch);
    forward_all();
    lose(out, true);
    backward_all(out);
    return out;
  }

  /// The loss of a batch, without gradients.
  PassReport evaluate(const Batch& batch) {
    PassReport out = begin(batch);
    forward_all();
    lose(out, false);
    return out;
  }

 private:
  using Experts = ExpertsOf<B, R>;
  using Recompute = typename R::Recompute;
  using KeptMemory = Kept<Experts, Recompute>;
  using Work = StepWork<Experts>;
  using Layer = Block<typename Network::Block, Experts>;

  static Plan checked(const Plan& plan) {
    if (plan.fits()) return plan;
    throw BudgetExceeded(concat("training needs ", to_string(plan.total()), ", allowed are ", to_string(plan.budget),
                                ": weights ", to_string(plan.weights), ", gradients ", to_string(plan.gradients),
                                ", optimizer ", to_string(plan.optimizer), ", activations ",
                                to_string(plan.activations), ", workspace ", to_string(plan.workspace),
                                "; a smaller batch or sequence, or a Recompute, takes less"));
  }

  static std::vector<std::unique_ptr<Device>> device(Bytes budget, const Limits& limits) {
    std::vector<std::unique_ptr<Device>> out;
    out.push_back(std::make_unique<Device>(
        0, budget, std::make_shared<parallel::Threads>(static_cast<std::size_t>(limits.threads))));
    return out;
  }

  void make_parameters() {
    std::uint64_t used = 0;
    for_each_tensor(shape_, R::adapters, [&](const model::WeightId& id, Half half, Kind kind, std::size_t rows,
                                             std::size_t cols) {
      const Bytes state = OptimizerOf<R>::state_bytes(kind, rows, cols);
      std::string name = checkpoint::locate(id, shape_, checkpoint::ExpertLayout::separate).name;
      MatrixView<float> weights;
      MatrixView<float> gradient;
      if (half == Half::none) {
        weights = tensor(weights_, id, rows, cols);
        gradient = tensor(*gradients_, id, rows, cols);
      } else {
        name = checkpoint::peft_name(name, half == Half::a ? "lora_A" : "lora_B");
        weights = half_of(*adapters_, id, half);
        gradient = half_of(*adapter_gradients_, id, half);
      }
      parameters_.push_back(
          {.name = std::move(name),
           .weights = weights,
           .gradient = gradient,
           .state = {states_.data() + used, static_cast<std::size_t>(state.count)},
           .decays = decays_by_default(kind),
           .kind = kind});
      used += aligned(state.count);
    });
    reset();
  }

  static MatrixView<float> tensor(const Network& network, const model::WeightId& id, std::size_t rows,
                                  std::size_t cols) {
    MatrixView<float> out;
    model::visit_weight(network, id, [&]<class T>(const T& weights) {
      if constexpr (requires { weights.view; }) {
        out = weights.view;
      } else {
        out = {reinterpret_cast<float*>(weights.data), rows, cols};
      }
    });
    return out;
  }

  static MatrixView<float> half_of(const AdapterSet& set, const model::WeightId& id, Half half) {
    const expert::LowRank& adapter = set.at(id);
    const auto& matrix = half == Half::a ? adapter.a : adapter.b;
    return {reinterpret_cast<float*>(matrix.data), static_cast<std::size_t>(matrix.rows),
            static_cast<std::size_t>(matrix.cols)};
  }

  View<double> norm_scratch() const {
    return {reinterpret_cast<double*>(work_.data() + optimizer_.work.count), optimizer_.pieces};
  }

  backend::Sequences sequences() const { return {batch_.ends}; }

  /// Checks the batch, and lays the memory out for it.
  PassReport begin(const Batch& batch) {
    batch_ = batch;
    const std::size_t n = batch.tokens.size;
    const auto demand = [](bool met, const auto&... what) {
      if (!met) throw InvalidArgument(concat("the batch: ", what...));
    };
    demand(n > 0 && n <= step_rows<R>, n, " tokens, expected 1 to ", step_rows<R>, ", the recipe's batch * sequence");
    demand(batch.targets.size == n && batch.weights.size == n, n, " tokens, ", batch.targets.size, " targets and ",
           batch.weights.size, " weights");
    demand(sequences().cut(n, static_cast<std::size_t>(R::sequence)),
           "its sequences do not cut its tokens, or one has more than ", R::sequence);
    counted_rows_.clear();
    targets_.clear();
    shares_.clear();
    double total = 0;
    for (std::size_t i = 0; i < n; ++i) {
      demand(batch.weights[i] >= 0, "the weight of token ", i, " is ", batch.weights[i], ", expected a number >= 0");
      if (batch.weights[i] == 0) continue;
      total += static_cast<double>(batch.weights[i]);
      counted_rows_.push_back(static_cast<std::int32_t>(i));
      targets_.push_back(batch.targets[i]);
    }
    demand(!counted_rows_.empty(), "no prediction counts: all weights are 0");
    for (const std::int32_t row : counted_rows_) {
      shares_.push_back(static_cast<float>(static_cast<double>(batch.weights[static_cast<std::size_t>(row)]) / total));
    }
    backend::Layout kept(kept_memory_);
    kept_.lay_out(kept, shape_, n);
    backend::Layout step(step_memory_);
    now_ = Work::lay_out(step, shape_, n, counted_rows_.size(), R::adapters);
    return {.tokens = n, .counted = counted_rows_.size()};
  }

  backend::DeviceMatrix<float> input(std::int32_t layer) const {
    return kept_.inputs[static_cast<std::size_t>(Recompute::at(layer).input)];
  }
  const AttentionHalf& attention(std::int32_t layer) const {
    return kept_.attention[static_cast<std::size_t>(Recompute::at(layer).attention)];
  }
  const ExpertsHalf<Experts>& experts(std::int32_t layer) const {
    return kept_.experts[static_cast<std::size_t>(Recompute::at(layer).experts)];
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

  void forward_all() {
    Device& here = *devices_.front();
    for (std::size_t s = 0; s < sequences().size(); ++s) {
      const std::size_t rows = sequences().rows(s);
      here.copy_from(positions_.rows_at(0, rows), now_.block.tables.rows_at(sequences().first(s), rows));
    }
    here.embed(weights_.embedding(), batch_.tokens, input(0));
    for (std::int32_t l = 0; l < shape_.layers; ++l) {
      if (begins_group(l)) here.copy_from(input(l), start(l));
      forward(l, l + 1 < shape_.layers ? input(l + 1) : kept_.last);
    }
  }

  /// Layer `l`, from its input to `out`.
  void forward(std::int32_t l, backend::DeviceMatrix<float> out) {
    Device& here = *devices_.front();
    block(l).attend(here, sequences(), input(l), attention(l), now_.block);
    block(l).answer(here, attention(l).middle, experts(l), now_.block, out);
  }

  /// Loss and, if asked for, its gradient at the last layer's output, in now_.d.
  void lose(PassReport& out, bool with_gradient) {
    Device& here = *devices_.front();
    const auto epsilon = static_cast<float>(shape_.rms_epsilon);
    here.take_rows(kept_.last, counted_rows_, now_.counted);
    if (with_gradient) here.clear(now_.dcounted);
    double right = 0;
    for (std::size_t first = 0; first < counted_rows_.size(); first += loss_rows) {
      const std::size_t some = std::min(loss_rows, counted_rows_.size() - first);
      const auto x = now_.counted.rows_at(first, some);
      const auto normed = now_.normed.rows_at(0, some);
      const auto logits = now_.logits.rows_at(0, some);
      const backend::DeviceMatrix<float> results{
          {now_.results.view.data, 2, some, now_.results.view.stride}, now_.results.device};
      here.rms_norm(x, weights_.final_norm(), epsilon, normed);
      here.product(weights_.head(), normed, logits);
      here.cross_entropy(logits, View<const TokenId>(targets_).subview(first, some),
                         View<const float>(shares_).subview(first, some), results);
      const auto [terms] = here.read(results);
      for (std::size_t i = 0; i < some; ++i) {
        out.loss += static_cast<double>(terms(0, i));
        right += static_cast<double>(terms(1, i));
      }
      if (!with_gradient) continue;
      const auto dnormed = now_.dnormed.rows_at(0, some);
      if constexpr (!R::adapters.any()) here.weight_gradient(logits, normed, gradients_->head());
      here.product_backward(weights_.head(), logits, backend::Into::overwrite, dnormed);
      here.rms_norm_backward(x, weights_.final_norm(), epsilon, dnormed, now_.dcounted.rows_at(first, some),
                             gradients_ ? gradients_->final_norm() : backend::DeviceMatrix<float>{});
    }
    out.right = right / static_cast<double>(counted_rows_.size());
    if (with_gradient) here.take_rows_backward(now_.dcounted, counted_rows_, now_.d);
  }

  void backward_all(PassReport& out) {
    Device& here = *devices_.front();
    double routed = 0;
    std::fill(load_.begin(), load_.end(), 0);
    for (std::int32_t l = shape_.layers - 1; l >= 0; --l) {
      if constexpr (Recompute::group > 0) {
        // The last group's activations are still there.
        const bool ends_group = (l + 1) % Recompute::group == 0 && l + 1 < shape_.layers;
        if (ends_group) forward_group(l);
      }
      if constexpr (Recompute::experts) {
        if (l + 1 < shape_.layers) {
          block(l).answer(here, attention(l).middle, experts(l), now_.block, kept_.last);
        }
      }
      const RouterLosses losses = block(l).answer_backward(here, numbers_.losses, attention(l).middle, experts(l),
                                                           now_.block, now_.d);
      if (!block(l).is_dense()) {
        routed += 1;
        out.router.balance += losses.balance;
        out.router.z += losses.z;
        count_load(l);
      }
      block(l).attend_backward(here, sequences(), input(l), attention(l), now_.block, now_.d);
    }
    if constexpr (!R::adapters.any()) here.embed_backward(batch_.tokens, now_.d, gradients_->embedding());
    if (routed > 0) {
      out.router.balance /= routed;
      out.router.z /= routed;
    }
  }

  /// Computes the layers of the group that ends with `last` again.
  void forward_group(std::int32_t last) {
    const std::int32_t first = last + 1 - Recompute::group;
    devices_.front()->copy_from(start(first), input(first));
    for (std::int32_t l = first; l <= last; ++l) forward(l, l < last ? input(l + 1) : kept_.last);
  }

  void count_load(std::int32_t layer) {
    const auto [offsets] = devices_.front()->read(experts(layer).experts.offsets);
    const auto count = static_cast<std::size_t>(shape_.experts);
    for (std::size_t e = 0; e < count; ++e) {
      load_[static_cast<std::size_t>(layer) * count + e] = offsets(0, e + 1) - offsets(0, e);
    }
  }

  Shape shape_;
  Numbers<R> numbers_;
  Plan plan_;
  std::vector<std::unique_ptr<Device>> devices_;
  Network weights_;
  std::optional<Network> gradients_;
  std::optional<AdapterSet> adapters_;
  std::optional<AdapterSet> adapter_gradients_;
  OptimizerBytes<R> optimizer_ = OptimizerBytes<R>::of(shape_);
  backend::Buffer states_;
  backend::Buffer work_;
  backend::Buffer kept_memory_;
  backend::Buffer step_memory_;
  backend::Buffer positions_memory_;
  backend::DeviceMatrix<float> positions_;  ///< (sequence, rotary width): rotary tables
  std::vector<Parameter> parameters_;
  std::vector<Layer> blocks_;
  std::int64_t step_ = 0;

  // Of the pass under way:
  Batch batch_{};
  KeptMemory kept_;
  Work now_{};
  std::vector<std::int32_t> counted_rows_;  ///< whose next token counts
  std::vector<TokenId> targets_;            ///< of these
  std::vector<float> shares_;               ///< of the loss, with the sum 1
  std::vector<std::int32_t> load_;
};

}  // namespace asterism::train
