// The contract of an optimizer, which turns gradients into new weights.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>

#include "asterism/core/bytes.hpp"
#include "asterism/core/view.hpp"
#include "asterism/parallel/execution_ref.hpp"
#include "asterism/train/parameter.hpp"

namespace asterism::train {

namespace needs {

template <class O>
concept rate = requires(const O& optimizer) {
  { optimizer.rate } -> std::convertible_to<float>;
};

template <class O>
concept state_bytes = requires(Kind kind, std::size_t rows, std::size_t cols) {
  { O::state_bytes(kind, rows, cols) } -> std::same_as<Bytes>;
};

template <class O>
concept work_bytes = requires(Kind kind, std::size_t rows, std::size_t cols) {
  { O::work_bytes(kind, rows, cols) } -> std::same_as<Bytes>;
};

template <class O>
concept initialise = requires(const O& optimizer, const Parameter& parameter) {
  { optimizer.initialise(parameter) } -> std::same_as<void>;
};

template <class O>
concept update = requires(const O& optimizer, const parallel::ExecutionRef& execution, const Parameter& parameter,
                          std::int64_t step, float rate, View<std::byte> work) {
  { optimizer.update(execution, parameter, step, rate, work) } -> std::same_as<void>;
};

}  // namespace needs

/// An optimizer is a small struct of numbers, usable in constant expressions. It owns no memory: what it remembers of
/// a tensor lies in Parameter::state.
///
/// 1. `rate` is the peak of its learning rate; what `update` gets is `rate` times the factor of the step's Schedule.
/// 2. `state_bytes(kind, rows, cols)` is what it remembers of a tensor; `work_bytes(kind, rows, cols)` the scratch of
///    one update, which all parameters share: the largest counts. Both constexpr, 0 where nothing is needed; the
///    memory is aligned to 64 bytes.
/// 3. `initialise(parameter)` writes the state of a tensor that was never updated.
/// 4. `update(execution, parameter, step, rate, work)`: weights and state after step `step`, which counts from 1; the
///    gradient is finite and not changed. An element's result depends on its own tensor alone. Weights that were
///    written are refreshed: Parameter::refresh.
/// 5. A zero gradient on a fresh state moves a weight by decay alone, and one with `decays` false not at all.
/// 6. The same bits for any number of threads; an update allocates nothing. const, thread-safe on distinct parameters
///    and work.
///
/// Models: AdamW, AdamW8, Muon.
template <class O>
concept Optimizer =
    needs::rate<O> && needs::state_bytes<O> && needs::work_bytes<O> && needs::initialise<O> && needs::update<O>;

}  // namespace asterism::train
