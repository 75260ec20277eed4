// The laws of train::Optimizer, one function template for each, for the optimizers of the toolkit and for your own:
//
//   TEST_CASE_TEMPLATE("my optimizers obey the laws", O, MyOptimizer) { laws::optimizer(O{}); }
//
// `nothing_is_allocated_by` is not among those: call it where operator new or malloc can be counted. Needs doctest.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "asterism/core/bytes.hpp"
#include "asterism/core/random.hpp"
#include "asterism/core/view.hpp"
#include "asterism/parallel/execution_ref.hpp"
#include "asterism/parallel/serial.hpp"
#include "asterism/parallel/threads.hpp"
#include "asterism/quant/float_storage.hpp"
#include "asterism/quant/half_precision.hpp"
#include "asterism/simd/stored_floats.hpp"
#include "asterism/train/optimizer.hpp"
#include "asterism/train/parameter.hpp"

#include "laws/law.hpp"

namespace asterism::laws {

struct OptimizerCase {
  train::Kind kind;
  std::size_t rows;
  std::size_t cols;
  bool decays = true;
};

/// Small ones first; of each way that optimizers treat apart one with a short last piece.
inline constexpr OptimizerCase optimizer_cases[] = {
    {train::Kind::vector, 1, 1, false},       {train::Kind::router, 3, 5},     {train::Kind::attention, 1, 7},
    {train::Kind::attention, 9, 4},           {train::Kind::attention, 6, 70}, {train::Kind::expert, 64, 65},
    {train::Kind::embedding, 33, 127, false}, {train::Kind::head, 101, 331},   {train::Kind::attention, 100, 331},
};

inline std::string text_of(const OptimizerCase& one) {
  return "a tensor (" + std::to_string(one.rows) + ", " + std::to_string(one.cols) + ") of kind " +
         std::to_string(static_cast<int>(one.kind));
}

/// Memory of one tensor and of the work of its update, each followed by bytes that nobody may touch.
template <train::Optimizer O>
class HeldTensor {
 public:
  static constexpr std::size_t guard = 64;

  HeldTensor(const O& optimizer, const OptimizerCase& one, std::uint64_t seed, std::size_t offset = 0)
      : optimizer_(optimizer),
        case_(one),
        offset_(offset),
        weights_(offset + size() + guard, 77.0F),
        gradient_(offset + size() + guard, 55.0F),
        state_(O::state_bytes(one.kind, one.rows, one.cols).count + guard + alignment, std::byte{0xAB}),
        work_(O::work_bytes(one.kind, one.rows, one.cols).count + guard + alignment, std::byte{0xCD}) {
    Random random(seed);
    for (float& weight : weights()) weight = 0.1F * static_cast<float>(random.normal());
    std::fill(gradient().begin(), gradient().end(), 0.0F);
    optimizer_.initialise(parameter());
  }

  std::size_t size() const { return case_.rows * case_.cols; }
  View<float> weights() { return {weights_.data() + offset_, size()}; }
  View<float> gradient() { return {gradient_.data() + offset_, size()}; }
  View<std::byte> state() { return at_line(state_, O::state_bytes(case_.kind, case_.rows, case_.cols).count); }
  View<std::byte> work() { return at_line(work_, O::work_bytes(case_.kind, case_.rows, case_.cols).count); }

  train::Parameter parameter() {
    return {.name = "tried",
            .weights = {weights().data, case_.rows, case_.cols},
            .gradient = {gradient().data, case_.rows, case_.cols},
            .state = state(),
            .decays = case_.decays,
            .kind = case_.kind};
  }

  /// The gradient of step `step`, of sizes from 1e-4 to 10, some of it zero.
  void fill_gradient(std::int64_t step) {
    Random random(static_cast<std::uint64_t>(step) + 1000);
    for (float& slope : gradient()) {
      const double normal = random.normal();
      const std::uint64_t size = random.below(7);
      slope = size == 6 ? 0.0F : static_cast<float>(normal * std::pow(10.0, static_cast<double>(size) - 4));
    }
  }

  void step(const parallel::ExecutionRef& execution, std::int64_t step) {
    optimizer_.update(execution, parameter(), step, static_cast<float>(optimizer_.rate), work());
  }

  /// False if something beyond the memory that was asked for changed.
  bool guards_stand() {
    const auto all = [](const auto& memory, std::size_t from, auto value) {
      return std::all_of(memory.begin() + static_cast<std::ptrdiff_t>(from), memory.end(),
                         [&](auto one) { return one == value; });
    };
    const auto behind = [](View<std::byte> used, std::vector<std::byte>& memory) {
      return static_cast<std::size_t>(used.end() - memory.data());
    };
    return all(weights_, offset_ + size(), 77.0F) && all(gradient_, offset_ + size(), 55.0F) &&
           all(state_, behind(state(), state_), std::byte{0xAB}) &&
           all(work_, behind(work(), work_), std::byte{0xCD});
  }

 private:
  static View<std::byte> at_line(std::vector<std::byte>& memory, std::size_t bytes) {
    const auto address = reinterpret_cast<std::uintptr_t>(memory.data());
    return {memory.data() + (alignment - address % alignment) % alignment, bytes};
  }

  O optimizer_;
  OptimizerCase case_;
  std::size_t offset_;
  std::vector<float> weights_;
  std::vector<float> gradient_;
  std::vector<std::byte> state_;
  std::vector<std::byte> work_;
};

inline bool same_bytes(View<const std::byte> a, View<const std::byte> b) {
  return a.size == b.size && (a.size == 0 || std::memcmp(a.data, b.data, a.size) == 0);
}

/// A zero gradient on a fresh state multiplies all weights by one factor in (0, 1], by 1 if the tensor does not decay.
template <train::Optimizer O>
void a_zero_gradient_decays_alone(const O& optimizer) {
  const Law law("a zero gradient on a fresh state moves weights by decay alone", model_name<O>());
  parallel::Serial serial;
  for (const OptimizerCase& one : optimizer_cases) {
    HeldTensor<O> held(optimizer, one, 3);
    const std::vector<float> before(held.weights().begin(), held.weights().end());
    held.step(parallel::ExecutionRef(serial), 1);
    if (!one.decays) {
      law.same_bits(held.weights(), before, text_of(one), " that does not decay");
      continue;
    }
    const double factor = double{held.weights()[0]} / double{before[0]};
    law.holds(factor > 0 && factor <= 1 + 1e-7, text_of(one), ": the first weight was multiplied by ", factor);
    for (std::size_t i = 0; i < before.size(); ++i) {
      law.holds(std::fabs(held.weights()[i] - factor * before[i]) <= 3e-7 * std::fabs(before[i]), text_of(one),
                ": weight ", i, " of ", before[i], " became ", held.weights()[i], ", the first was multiplied by ",
                factor);
    }
  }
}

/// Threads change no bit of weights or state.
template <train::Optimizer O>
void threads_change_no_bit(const O& optimizer) {
  const Law law("weights and states have the same bits for any number of threads", model_name<O>());
  parallel::Serial serial;
  parallel::Threads threads(3);
  for (const OptimizerCase& one : optimizer_cases) {
    HeldTensor<O> alone(optimizer, one, 4);
    HeldTensor<O> shared(optimizer, one, 4);
    for (std::int64_t step = 1; step <= 3; ++step) {
      alone.fill_gradient(step);
      shared.fill_gradient(step);
      alone.step(parallel::ExecutionRef(serial), step);
      shared.step(parallel::ExecutionRef(threads), step);
      law.same_bits(shared.weights(), alone.weights(), text_of(one), ", step ", step);
      law.holds(same_bytes(shared.state(), alone.state()), text_of(one), ", step ", step, ": states differ");
    }
  }
}

/// A tensor's update depends neither on its address nor on what lies around it, and writes nothing else; the gradient
/// stays as it is.
template <train::Optimizer O>
void tensors_are_independent(const O& optimizer) {
  const Law law("an update depends on its tensor alone, and writes weights, state and work alone",
                model_name<O>());
  parallel::Serial serial;
  for (const OptimizerCase& one : optimizer_cases) {
    HeldTensor<O> plain(optimizer, one, 5);
    HeldTensor<O> moved(optimizer, one, 5, 3);
    HeldTensor<O> other(optimizer, one, 6);
    for (std::int64_t step = 1; step <= 3; ++step) {
      plain.fill_gradient(step);
      moved.fill_gradient(step);
      other.fill_gradient(step + 50);
      const std::vector<float> slope(plain.gradient().begin(), plain.gradient().end());
      plain.step(parallel::ExecutionRef(serial), step);
      other.step(parallel::ExecutionRef(serial), step);
      moved.step(parallel::ExecutionRef(serial), step);
      law.same_bits(plain.gradient(), slope, text_of(one), ", step ", step, ", the gradient");
      law.same_bits(moved.weights(), plain.weights(), text_of(one), ", step ", step, ", from another address");
      law.holds(plain.guards_stand() && moved.guards_stand(), text_of(one), ", step ", step,
                ": memory beyond the tensor, its state or its work was written");
    }
  }
}

/// Weights and state are all that a run needs to go on: work and the object carry nothing.
template <train::Optimizer O>
void a_run_goes_on_from_its_state(const O& optimizer) {
  const Law law("weights and state are all that a run needs to go on", model_name<O>());
  parallel::Serial serial;
  for (const OptimizerCase& one : optimizer_cases) {
    HeldTensor<O> whole(optimizer, one, 7);
    HeldTensor<O> second(optimizer, one, 8);
    for (std::int64_t step = 1; step <= 4; ++step) {
      if (step == 3) {
        std::copy(whole.weights().begin(), whole.weights().end(), second.weights().begin());
        std::copy(whole.state().begin(), whole.state().end(), second.state().begin());
      }
      whole.fill_gradient(step);
      whole.step(parallel::ExecutionRef(serial), step);
      if (step < 3) continue;
      second.fill_gradient(step);
      second.step(parallel::ExecutionRef(serial), step);
      law.same_bits(second.weights(), whole.weights(), text_of(one), ", step ", step, " after going on at step 3");
      law.holds(same_bytes(second.state(), whole.state()), text_of(one), ", step ", step, ": states differ");
    }
  }
}

/// Steps along the gradient of half the squared distance to a point bring weights nearer to it.
template <train::Optimizer O>
void steps_descend(const O& optimizer) {
  const Law law("steps along the gradient of a squared distance make it smaller", model_name<O>());
  parallel::Serial serial;
  for (const OptimizerCase& one : optimizer_cases) {
    HeldTensor<O> held(optimizer, one, 9);
    std::vector<float> goal(held.size());
    Random random(10);
    for (float& value : goal) value = static_cast<float>(3 + random.normal());  // farther than 20 steps
    const auto distance = [&] {
      double sum = 0;
      for (std::size_t i = 0; i < goal.size(); ++i)
        sum += std::pow(double{held.weights()[i]} - double{goal[i]}, 2);
      return sum;
    };
    const double before = distance();
    for (std::int64_t step = 1; step <= 20; ++step) {
      for (std::size_t i = 0; i < goal.size(); ++i) held.gradient()[i] = held.weights()[i] - goal[i];
      held.step(parallel::ExecutionRef(serial), step);
    }
    law.holds(distance() < before, text_of(one), ": after 20 steps it is ", distance(), ", it was ", before);
  }
}

/// Updates allocate nothing; `allocations()` counts those of the program so far.
template <train::Optimizer O, class Allocations>
void nothing_is_allocated_by(const O& optimizer, const Allocations& allocations) {
  const Law law("an update allocates nothing", model_name<O>());
  parallel::Serial serial;
  const parallel::ExecutionRef execution(serial);
  for (const OptimizerCase& one : optimizer_cases) {
    HeldTensor<O> held(optimizer, one, 11);
    held.fill_gradient(1);
    const train::Parameter parameter = held.parameter();
    const View<std::byte> work = held.work();
    const auto before = allocations();
    optimizer.update(execution, parameter, 1, static_cast<float>(optimizer.rate), work);
    const auto taken = allocations() - before;
    law.holds(taken == 0, text_of(one), ": ", taken, " allocations");
  }
}

/// However a gradient is stored, an update takes the numbers that it stands for; and what the model computes with are
/// the new weights, rounded.
template <train::Optimizer O>
void storage_is_no_matter(const O& optimizer) {
  using train::Storage;
  const Law law(
      "an update reads gradients in any storage, and rounds the weights where the model computes with them "
      "rounded",
      model_name<O>());
  parallel::Threads threads(2);
  const parallel::ExecutionRef execution(threads);
  for (const OptimizerCase& one : optimizer_cases) {
    for (const Storage storage : {Storage::float32, Storage::bfloat16, Storage::float16}) {
      HeldTensor<O> plain(optimizer, one, 12);
      HeldTensor<O> stored(optimizer, one, 12);
      std::vector<std::byte> memory(stored.size() * quant::bytes_of(storage));
      std::vector<std::uint16_t> rounded(stored.size() + 1, 0x7FC1);
      train::Parameter parameter = stored.parameter();
      parameter.gradient = {memory.data(), one.rows, one.cols, storage};
      parameter.gradient.factor = 0.375F;
      parameter.rounded = {rounded.data(), stored.size()};
      for (std::int64_t step = 1; step <= 2; ++step) {
        plain.fill_gradient(step);
        simd::store_floats(plain.gradient(), storage, memory.data());
        for (std::size_t i = 0; i < plain.size(); ++i) plain.gradient()[i] = parameter.gradient[i];
        plain.step(execution, step);
        optimizer.update(execution, parameter, step, static_cast<float>(optimizer.rate), stored.work());
        const std::string where = text_of(one) + ", " + quant::name_of(storage) + ", step " + std::to_string(step);
        law.same_bits(stored.weights(), plain.weights(), where);
        law.holds(same_bytes(stored.state(), plain.state()), where, ": states differ");
        for (std::size_t i = 0; i < stored.size(); ++i) {
          law.holds(rounded[i] == quant::bfloat16_from_float(stored.weights()[i]), where, ": weight ", i,
                    " is not rounded");
        }
        law.holds(rounded.back() == 0x7FC1, where, ": memory beyond the rounded weights was written");
      }
    }
  }
}

/// All laws but the one of allocations.
template <train::Optimizer O>
void optimizer(const O& model) {
  a_zero_gradient_decays_alone(model);
  threads_change_no_bit(model);
  tensors_are_independent(model);
  a_run_goes_on_from_its_state(model);
  steps_descend(model);
  storage_is_no_matter(model);
}

}  // namespace asterism::laws
