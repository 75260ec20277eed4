// A constellation of encoders that learns from rows of features, step by step.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "asterism/backend/arena.hpp"
#include "asterism/backend/dropout.hpp"
#include "asterism/backend/layout.hpp"
#include "asterism/backend/operand.hpp"
#include "asterism/backend/sequences.hpp"
#include "asterism/backend/training_crew.hpp"
#include "asterism/backend/training_host.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/random.hpp"
#include "asterism/core/view.hpp"
#include "asterism/parallel/threads.hpp"
#include "asterism/train/clip.hpp"
#include "asterism/train/encoders/constellation_plan.hpp"
#include "asterism/train/encoders/draft.hpp"
#include "asterism/train/encoders/tensors.hpp"
#include "asterism/train/parameter.hpp"
#include "asterism/train/recipe.hpp"

namespace asterism::train {

/// Borrowed: rows of several sequences, one behind the other, and what they are to become.
struct FeatureBatch {
  MatrixView<const float> rows;     ///< (n, in)
  View<const std::uint32_t> ends;   ///< of the sequences, see backend::Sequences
  MatrixView<const float> targets;  ///< (n, out)
  View<const float> weights;        ///< (n), >= 0: how much each row counts, not all 0
};

/// Of one pass over a batch, and for a step also what it changed.
struct ConstellationReport {
  double loss = 0;  ///< weighted mean over rows and numbers of the squared error
  RouterReport router{};
  std::size_t rows = 0;
  std::int64_t step = 0;  ///< from 1
  double norm = 0;        ///< of all gradients together, before it was limited
  float rate = 0;         ///< learning rate
};

/// Trains what C describes on the CPU. All memory is drawn at construction, as constellation_plan says: a step
/// allocates nothing of the device. Bits are the same for any number of threads and any C::Recompute. Weights are
/// uninitialised until `initialise` or the caller writes them through `parameters()`. Not thread-safe.
template <DescribesConstellation C>
class ConstellationTrainer {
 public:
  using Device = backend::TrainingHost;
  static constexpr const ConstellationSizes& sizes = C::sizes;

  /// `seed` is that of dropout. Throws BudgetExceeded where the plan does not fit.
  explicit ConstellationTrainer(Bytes budget, std::int32_t threads = 1, const Numbers<C>& numbers = {},
                                std::uint64_t seed = 0)
      : numbers_(numbers),
        plan_(checked(constellation_plan<C>(budget, threads))),
        threads_(threads),
        seed_(seed),
        device_(0, budget, std::make_shared<parallel::Threads>(static_cast<std::size_t>(threads))),
        weights_(device_.allocate(plan_.weights, "weights")),
        gradients_(device_.allocate(plan_.gradients, "gradients")),
        states_(device_.allocate(optimizer_.states, "optimizer")),
        work_(device_.allocate(optimizer_.total() - optimizer_.states, "optimizer")),
        saved_memory_(device_.allocate(plan_.activations, "activations")),
        step_memory_(device_.allocate(plan_.workspace - constellation_scratch<C>(threads), "workspace")) {
    device_.reserve_training(Of::extent(threads));
    if (threads > 1) crew_.emplace(device_, Of::extent_of_piece(), static_cast<std::size_t>(threads));
    std::uint64_t used = 0;
    const auto add = [&](const TensorInfo& info, MatrixView<float> value, MatrixView<float> gradient) {
      const Bytes state = OptimizerOf<C>::state_bytes(info.kind, info.rows, info.cols);
      parameters_.push_back({.name = name_of(info),
                             .weights = value,
                             .gradient = gradient,
                             .state = {states_.data() + used, static_cast<std::size_t>(state.count)},
                             .decays = decays_by_default(info.kind),
                             .kind = info.kind});
      used += aligned(state.count);
    };
    TensorCursor cursor(weights_, gradients_, add);
    std::vector<EncoderExpert> experts;
    const auto router =
        lay_out_constellation(cursor, sizes, [&](const EncoderExpert& expert) { experts.push_back(expert); });
    clear_gradients();
    layer_.emplace(sizes, router, std::move(experts), Of::piece, crew_ ? &*crew_ : nullptr);
    shares_.reserve(Of::rows);
    reset();
  }

  const Plan& plan() const { return plan_; }
  const Device& device() const { return device_; }
  /// All tensors that learn: `gate...`, then `experts.<e>...`, in the order of for_each_tensor.
  View<const Parameter> parameters() const { return parameters_; }
  /// Steps taken.
  std::int64_t steps() const { return step_; }

  /// Random weights, the same everywhere for a seed: matrices and biases uniform within 1 / sqrt(columns of the
  /// matrix), as torch.nn.Linear has them, norms 1 and 0, what stands for experts normal. The optimizer forgets.
  void initialise(std::uint64_t seed) {
    Random random(seed);
    double bound = 0;
    for (const Parameter& parameter : parameters_) {
      const bool is_norm = parameter.name.find("norm") != std::string::npos;
      const bool is_bias = parameter.name.ends_with("bias");
      if (parameter.kind != Kind::vector) bound = 1 / std::sqrt(static_cast<double>(parameter.weights.cols));
      for (float& value : parameter.values()) {
        if (is_norm) {
          value = is_bias ? 0.0F : 1.0F;
        } else if (parameter.name == "gate.experts") {
          value = static_cast<float>(random.normal());
        } else {
          value = static_cast<float>(bound * (2 * random.uniform() - 1));
        }
      }
    }
    reset();
  }

  /// The optimizer forgets; the next step is the first.
  void reset() {
    for (const Parameter& parameter : parameters_) numbers_.optimizer.initialise(parameter);
    resume(0);
  }

  /// Weights and Parameter::state are those after `steps` steps: somebody has written them.
  void resume(std::int64_t steps) {
    step_ = steps;
    passes_ = 0;
  }

  /// One step of `all` in the schedule. InvalidArgument for a batch that is no batch, and where all steps were taken;
  /// NumericError, which names step and tensor, where a gradient is NaN or infinite: nothing has changed then.
  ConstellationReport step(const FeatureBatch& batch, std::int64_t all) {
    check_schedule(all);
    clear_gradients();
    passes_ = 0;
    ConstellationReport out = accumulate(batch);
    update(all, out);
    return out;
  }

  /// The second half of `step`: limits the gradients that `accumulate` made, of one batch or of several, and updates
  /// all weights; completes the report.
  void update(std::int64_t all, ConstellationReport& out) {
    check_schedule(all);
    for (Parameter& parameter : parameters_) parameter.gradient.factor = 1;
    const parallel::ExecutionRef& execution = device_.execution();
    out.step = step_ + 1;
    const View<double> norms(reinterpret_cast<double*>(work_.data() + optimizer_.work.count), optimizer_.pieces);
    out.norm = clip_gradients(execution, parameters_, numbers_.clip, out.step, norms);
    out.rate = numbers_.optimizer.rate * numbers_.schedule.factor(out.step, all);
    for (const Parameter& parameter : parameters_) {
      numbers_.optimizer.update(execution, parameter, out.step, out.rate,
                                {work_.data(), static_cast<std::size_t>(optimizer_.work.count)});
    }
    resume(step_ + 1);
  }

  void clear_gradients() {
    for (const Parameter& parameter : parameters_) parameter.gradient.clear(device_.execution());
  }

  /// Adds the gradients of a batch's loss, and of the router's own, to what is there.
  ConstellationReport accumulate(const FeatureBatch& batch) {
    const backend::Dropout dropout = backend::Dropout{sizes.dropout, seed_}
                                         .at(static_cast<std::uint64_t>(step_))
                                         .at(static_cast<std::uint64_t>(passes_));
    forward(batch.rows, batch.ends, dropout);
    ConstellationReport out = lose(batch);
    out.router =
        layer_->backward(device_, numbers_.losses, sequences_, dropout, now_.x, saved_, now_.work, now_.y, {});
    ++passes_;
    return out;
  }

  /// The loss of a batch, without gradients and with nothing dropped; nothing is said of the router.
  ConstellationReport evaluate(const FeatureBatch& batch) {
    forward(batch.rows, batch.ends, {});
    return lose(batch);
  }

  /// The answers (n, out) to rows (n, in), with nothing dropped; a view that the next call overwrites.
  MatrixView<const float> answer(MatrixView<const float> rows, View<const std::uint32_t> ends) {
    forward(rows, ends, {});
    return now_.y.view;
  }

  /// What each expert said in the last pass, whatever it was; see train::draft. Allocates.
  std::vector<ExpertDraft> draft(std::size_t most = 3) const {
    const std::size_t slots = saved_.sources.cols();
    if (slots == 0) return {};
    return train::draft(saved_.offsets.view.row(0), saved_.sources.view.row(0), saved_.answers.view,
                        View<const float>(saved_.confidences.view.data, slots), most);
  }

 private:
  using Of = ConstellationOf<C>;
  using Step = ConstellationStep<C>;
  using Layer = typename Of::Layer;

  static Plan checked(const Plan& plan) {
    if (plan.fits()) return plan;
    throw BudgetExceeded(
        concat("training needs ", to_string(plan.total()), ", allowed are ", to_string(plan.budget), ": weights ",
               to_string(plan.weights), ", gradients ", to_string(plan.gradients), ", optimizer ",
               to_string(plan.optimizer), ", activations ", to_string(plan.activations), ", workspace ",
               to_string(plan.workspace), "; a smaller batch or sequence, or recompute::Experts, takes less"));
  }

  void check_schedule(std::int64_t all) const {
    if (step_ >= all) throw InvalidArgument(concat("step ", step_ + 1, " of ", all, ": the schedule has ended"));
  }

  static std::string name_of(const TensorInfo& info) {
    if (info.expert < 0) return concat(info.module, ".", info.name);
    return concat("experts.", info.expert, ".", info.module, ".", info.name);
  }

  template <class... What>
  static void demand(bool met, const What&... what) {
    if (!met) throw InvalidArgument(concat("the batch: ", what...));
  }

  /// Checks the rows, lays the memory out for them, and answers in now_.y.
  void forward(MatrixView<const float> rows, View<const std::uint32_t> ends, const backend::Dropout& dropout) {
    const std::size_t n = rows.rows;
    demand(n > 0 && n <= Of::rows, n, " rows, expected 1 to ", Of::rows, ", the recipe's batch * sequence");
    demand(rows.cols == sizes.in, rows.cols, " features, expected ", sizes.in);
    const backend::Sequences sequences{ends};
    demand(sequences.cut(n, static_cast<std::size_t>(C::sequence)),
           "its sequences do not cut its rows, or one has more than ", C::sequence);
    sequences_ = sequences;
    backend::Layout saved(saved_memory_);
    saved_ = Step::lay_out_saved(saved, n, threads_);
    backend::Layout step(step_memory_);
    now_ = Step::lay_out(step, n, threads_);
    device_.upload(rows, now_.x);
    layer_->forward(device_, sequences_, dropout, now_.x, saved_, now_.work, now_.y);
  }

  /// The loss, and in now_.y its gradient.
  ConstellationReport lose(const FeatureBatch& batch) {
    const std::size_t n = batch.rows.rows;
    demand(batch.targets.rows == n && batch.targets.cols == sizes.out && batch.weights.size == n, "targets (",
           batch.targets.rows, ", ", batch.targets.cols, ") and ", batch.weights.size, " weights, expected (", n,
           ", ", sizes.out, ") and ", n);
    double total = 0;
    for (const float weight : batch.weights) {
      demand(weight >= 0 && std::isfinite(weight), "a weight is ", weight, ", expected a finite number >= 0");
      total += static_cast<double>(weight);
    }
    demand(total > 0, "no row counts: all weights are 0");
    shares_.clear();
    for (const float weight : batch.weights) {
      shares_.push_back(
          static_cast<float>(static_cast<double>(weight) / (total * static_cast<double>(sizes.out))));
    }
    device_.squared_error(batch.targets, shares_, now_.y, now_.terms);
    const auto read = device_.read(now_.terms);
    ConstellationReport out{.rows = n};
    for (const float term : std::get<0>(read).row(0)) out.loss += static_cast<double>(term);
    return out;
  }

  Numbers<C> numbers_;
  Plan plan_;
  std::int32_t threads_;
  std::uint64_t seed_;
  Device device_;
  ConstellationOptimizer<C> optimizer_ = ConstellationOptimizer<C>::bytes();
  backend::Buffer weights_;
  backend::Buffer gradients_;
  backend::Buffer states_;
  backend::Buffer work_;
  backend::Buffer saved_memory_;
  backend::Buffer step_memory_;
  std::vector<Parameter> parameters_;
  std::optional<backend::TrainingCrew> crew_;  ///< of several threads
  std::optional<Layer> layer_;
  std::int64_t step_ = 0;
  std::int64_t passes_ = 0;  ///< since the last update: each drops anew

  // Of the pass under way:
  backend::Sequences sequences_{};
  typename Layer::Saved saved_{};
  Step now_{};
  std::vector<float> shares_;  ///< of the loss
};

}  // namespace asterism::train
