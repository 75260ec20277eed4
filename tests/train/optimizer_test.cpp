// All shipped optimizers are models of Optimizer and obey its laws; typical mistakes do not.
#include "asterism/train/optimizer.hpp"

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <doctest/doctest.h>

#include "asterism/train/adam_w.hpp"
#include "asterism/train/adam_w8.hpp"
#include "asterism/train/muon.hpp"

#include "lacking/optimizer.hpp"
#include "laws/optimizer_laws.hpp"

using namespace asterism;
using namespace asterism::train;
using namespace asterism::lacking::optimizers;

namespace {

struct UpdateChangesTheOptimizer : Rate, StateBytes, WorkBytes, Initialise {
  void update(const parallel::ExecutionRef&, const Parameter&, std::int64_t, float, View<std::byte>) {}
};

static_assert(Optimizer<Complete> && Optimizer<AdamW> && Optimizer<AdamW8> && Optimizer<Muon>);
static_assert(!Optimizer<NoRate> && !train::needs::rate<NoRate> && train::needs::update<NoRate>);
static_assert(!Optimizer<NoStateBytes> && !train::needs::state_bytes<NoStateBytes>);
static_assert(!Optimizer<NoWorkBytes> && !train::needs::work_bytes<NoWorkBytes>);
static_assert(!Optimizer<NoInitialise> && !train::needs::initialise<NoInitialise>);
static_assert(!Optimizer<NoUpdate> && !train::needs::update<NoUpdate> && train::needs::rate<NoUpdate>);
static_assert(!Optimizer<UpdateChangesTheOptimizer>);
static_assert(!Optimizer<int>);
static_assert(std::is_trivially_copyable_v<Muon>);

constexpr AdamW constant{.rate = 1e-3F};
static_assert(constant.beta2 == 0.95F);

void add_to_all(const Parameter& parameter, float change) {
  for (float& weight : parameter.values()) weight += change;
}

/// Decays what should not.
struct DecaysAll : AdamW {
  void update(const parallel::ExecutionRef& execution, Parameter parameter, std::int64_t step, float step_rate,
              View<std::byte> work) const {
    parameter.decays = true;
    AdamW::update(execution, parameter, step, step_rate, work);
  }
};
/// Decay goes through the moments, as in Adam without W: a zero gradient moves each weight by the rate.
struct Coupled : AdamW {
  void update(const parallel::ExecutionRef& execution, const Parameter& parameter, std::int64_t step,
              float step_rate, View<std::byte> work) const {
    for (std::size_t i = 0; i < parameter.size(); ++i) {
      reinterpret_cast<float*>(parameter.gradient.data)[i] += decay * parameter.weights.data[i];
    }
    AdamW::update(execution, parameter, step, step_rate, work);
  }
};
/// Forgets to clear a state.
struct Uncleared : AdamW {
  void initialise(const Parameter&) const {}
};
/// One state for all tensors.
struct Remembers : AdamW {
  static inline float last = 0;
  void update(const parallel::ExecutionRef& execution, const Parameter& parameter, std::int64_t step,
              float step_rate, View<std::byte> work) const {
    AdamW::update(execution, parameter, step, step_rate, work);
    add_to_all(parameter, 1e-3F * last * parameter.gradient[0]);
    last = parameter.gradient[0];
  }
};
/// Cuts work by threads.
struct ByThreads : AdamW {
  void update(const parallel::ExecutionRef& execution, const Parameter& parameter, std::int64_t step,
              float step_rate, View<std::byte> work) const {
    AdamW::update(execution, parameter, step, step_rate * (1 + 1e-6F * static_cast<float>(execution.threads())),
                  work);
  }
};
/// Leaves what the model computes with as it was.
struct Stale : AdamW {
  void update(const parallel::ExecutionRef& execution, Parameter parameter, std::int64_t step, float step_rate,
              View<std::byte> work) const {
    parameter.rounded = {};
    AdamW::update(execution, parameter, step, step_rate, work);
  }
};
/// Takes what is stored for the gradient.
struct ForgetsTheFactor : AdamW {
  void update(const parallel::ExecutionRef& execution, Parameter parameter, std::int64_t step, float step_rate,
              View<std::byte> work) const {
    parameter.gradient.factor = 1;
    AdamW::update(execution, parameter, step, step_rate, work);
  }
};
/// Goes uphill.
struct Uphill : AdamW {
  void update(const parallel::ExecutionRef& execution, const Parameter& parameter, std::int64_t step,
              float step_rate, View<std::byte> work) const {
    AdamW::update(execution, parameter, step, -step_rate, work);
  }
};
/// Writes one weight too many.
struct Overruns : AdamW {
  void update(const parallel::ExecutionRef& execution, const Parameter& parameter, std::int64_t step,
              float step_rate, View<std::byte> work) const {
    AdamW::update(execution, parameter, step, step_rate, work);
    parameter.weights.data[parameter.size()] = 0;
  }
};

}  // namespace

TEST_CASE_TEMPLATE("the optimizers obey the laws", O, AdamW, AdamW8, Muon) { laws::optimizer(O{}); }

TEST_CASE("with other numbers too") {
  laws::optimizer(AdamW{.rate = 1e-2F, .beta1 = 0, .beta2 = 0.999F, .decay = 0});
  laws::optimizer(Muon{.rate = 1e-3F, .momentum = 0, .decay = 0.1F, .scale = MuonScale::one});
}

TEST_CASE("decay of all is found" * doctest::should_fail()) { laws::optimizer(DecaysAll{}); }
TEST_CASE("decay through the moments is found" * doctest::should_fail()) { laws::optimizer(Coupled{}); }
TEST_CASE("a state that is not cleared is found" * doctest::should_fail()) { laws::optimizer(Uncleared{}); }
TEST_CASE("a state shared by tensors is found" * doctest::should_fail()) { laws::optimizer(Remembers{}); }
TEST_CASE("work cut by threads is found" * doctest::should_fail()) { laws::optimizer(ByThreads{}); }
TEST_CASE("the wrong sign is found" * doctest::should_fail()) { laws::optimizer(Uphill{}); }
TEST_CASE("weights that are not rounded anew are found" * doctest::should_fail()) { laws::optimizer(Stale{}); }
TEST_CASE("a factor that is left out is found" * doctest::should_fail()) { laws::optimizer(ForgetsTheFactor{}); }
TEST_CASE("a weight too many is found" * doctest::should_fail()) { laws::optimizer(Overruns{}); }
