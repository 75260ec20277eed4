// Narrow gradients, activations and weights, and scaled losses, on small models.
#include "asterism/train/precision.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/quant/half_precision.hpp"
#include "asterism/train/initialise.hpp"
#include "asterism/train/run.hpp"

#include "support/files.hpp"
#include "support/slopes.hpp"
#include "trained.hpp"

using namespace asterism;
using train::LossScale;
using train::Precision;
using train::Storage;

namespace {

constexpr Storage f32 = Storage::float32, bf16 = Storage::bfloat16, f16 = Storage::float16;

/// Weights in BFloat16 beside masters.
struct Halves : test::Exact {
  using Quantization = quant::BFloat16;
  using Embedding = quant::BFloat16;
  using Head = quant::BFloat16;
};

template <Storage Gradients, Storage Saved = f32, class Recomputed = train::recompute::Nothing>
struct Stored : test::Short<Recomputed> {
  static constexpr Precision precision{.gradients = Gradients, .saved = Saved, .scale = 256};  // overflows nowhere
};

/// Sequences of a step.
struct Data {
  train::Examples examples = test::copies(40, 100);
  train::Packing packing;
  train::PackedStep step;

  Data()
      : packing(examples, {.rows = train::step_rows<test::Short<>>, .batch = 4, .seed = 5}),
        step(packing.next()) {}
  train::Batch batch() const { return {step.tokens, step.ends, step.targets, step.weights}; }
};

template <class B, class R>
train::Trainer<B, R> trainer_of(const std::string& name = "plain", std::int32_t threads = 2) {
  Limits limits = B::limits;
  limits.threads = threads;
  train::Trainer<B, R> out(generate::read_config(test::checkpoint_folder(name)).shape, 64_MiB, limits);
  train::load_weights(test::checkpoint_folder(name), out);
  return out;
}

template <class TrainerType>
std::vector<float> gradient_of(const TrainerType& trainer, std::size_t i) {
  std::vector<float> out;
  const train::Gradient& slope = trainer.parameters()[i].slope();
  for (std::size_t k = 0; k < slope.size(); ++k) out.push_back(slope[k]);
  return out;
}

float rounded(float value, Storage storage, float scale) {
  if (storage == bf16) return quant::float_from_bfloat16(quant::bfloat16_from_float(value));
  return quant::float_from_float16(quant::float16_from_float(value * scale)) / scale;
}

double distance(const std::vector<float>& a, const std::vector<float>& b) {
  double apart = 0;
  double length = 1e-30;
  for (std::size_t i = 0; i < a.size(); ++i) {
    apart += std::pow(static_cast<double>(a[i]) - static_cast<double>(b[i]), 2);
    length += std::pow(static_cast<double>(b[i]), 2);
  }
  return std::sqrt(apart / length);
}

/// The largest distance of a tensor's gradient to that of float32 all over, as a share of its length.
template <class B, class R>
double gradients_apart(const std::string& name) {
  const Data data;
  auto exact = trainer_of<test::Exact, test::Short<>>(name);
  auto narrow = trainer_of<B, R>(name);
  for (const train::Parameter& parameter : exact.parameters()) {  // what both can hold
    for (float& value : parameter.values()) value = rounded(value, bf16, 1);
  }
  for (const train::Parameter& parameter : narrow.parameters()) {
    for (float& value : parameter.values()) value = rounded(value, bf16, 1);
    parameter.refresh();
  }
  exact.clear_gradients();
  exact.accumulate(data.batch());
  narrow.clear_gradients();
  narrow.accumulate(data.batch());
  double most = 0;
  for (std::size_t i = 0; i < exact.parameters().size; ++i) {
    CAPTURE(exact.parameters()[i].name);
    most = test::worse(most, distance(gradient_of(narrow, i), gradient_of(exact, i)));
  }
  return most;
}

/// Weights after `steps` steps of one batch after another, and whether the arena is as planned.
template <class B, class R>
std::vector<float> after_steps(std::int32_t threads = 2, int steps = 6) {
  Data data;
  auto trainer = trainer_of<B, R>("plain", threads);
  backend::Arena& arena = trainer.devices()[0]->arena();
  const std::uint64_t before = arena.allocations();
  for (int i = 0; i < steps; ++i) {
    trainer.step(data.batch(), steps);
    data.step = data.packing.next();
  }
  CHECK(arena.allocations() == before);
  CHECK(arena.high_water() == trainer.plan().total());
  CHECK(arena.held_by("masters") == trainer.plan().masters);
  CHECK(arena.held_by("activations") == trainer.plan().activations);
  for (const train::Parameter& parameter : trainer.parameters()) {
    for (std::size_t i = 0; i < parameter.rounded.size; ++i) {
      if (parameter.rounded[i] != quant::bfloat16_from_float(parameter.values()[i])) FAIL(parameter.name);
    }
  }
  return test::all_weights(trainer);
}

}  // namespace

TEST_CASE_TEMPLATE("narrow gradients are those of float32, rounded", R, Stored<bf16>, Stored<f16>) {
  const Data data;
  auto exact = trainer_of<test::Exact, test::Short<>>();
  auto narrow = trainer_of<test::Exact, R>();
  const float scale = narrow.loss_scale().value;
  CHECK(scale == (R::precision.gradients == f16 ? 256.0F : 1.0F));
  for (auto times = 0; times < 2; ++times) {  // nothing is left of the first time
    exact.clear_gradients();
    narrow.clear_gradients();
    const train::PassReport expected = exact.accumulate(data.batch());
    const train::PassReport found = narrow.accumulate(data.batch());
    CHECK(found.loss == expected.loss);
    CHECK(found.router.balance == expected.router.balance);
  }
  std::size_t narrow_ones = 0;
  for (std::size_t i = 0; i < exact.parameters().size; ++i) {
    const train::Parameter& parameter = narrow.parameters()[i];
    CAPTURE(parameter.name);
    const bool stays = parameter.kind == train::Kind::vector || parameter.kind == train::Kind::router;
    CHECK((parameter.gradient.storage == f32) == stays);
    narrow_ones += stays ? 0 : 1;
    const std::vector<float> slope = gradient_of(exact, i);
    const std::vector<float> found = gradient_of(narrow, i);
    if (parameter.kind == train::Kind::embedding) {  // two sums: the head's and its own
      CHECK(distance(found, slope) < 4e-3);
      continue;
    }
    std::size_t wrong = 0;
    for (std::size_t k = 0; k < slope.size(); ++k) {
      wrong += found[k] == (stays ? slope[k] : rounded(slope[k], R::precision.gradients, scale)) ? 0 : 1;
    }
    CHECK(wrong == 0);
  }
  CHECK(narrow_ones > 10);
}

TEST_CASE("gradients with narrow activations and weights are near those of float32") {
  for (const char* name : {"plain", "qwen3_moe_dense_list", "llama_bias_tied", "mistral_window"}) {
    CAPTURE(name);
    // A number rounded to bfloat16 is off by 2^-9 of itself at most, to float16 by 2^-12; a gradient reads a few.
    CHECK(gradients_apart<test::Exact, Stored<f32, bf16>>(name) < 2e-2);
    CHECK(gradients_apart<test::Exact, Stored<f32, bf16>>(name) > 1e-4);
    CHECK(gradients_apart<test::Exact, Stored<f32, f16>>(name) < 2.5e-3);
    CHECK(gradients_apart<test::Exact, Stored<bf16, bf16>>(name) < 2e-2);
    CHECK(gradients_apart<Halves, Stored<f32, f32>>(name) < 1e-4);
    CHECK(gradients_apart<Halves, Stored<f16, f16>>(name) < 2.5e-3);
  }
}

TEST_CASE("neither threads nor what is computed again change a bit") {
  using train::recompute::Every;
  using train::recompute::Experts;
  using train::recompute::Layers;
  const std::vector<float> expected = after_steps<Halves, Stored<bf16, bf16>>();
  CHECK(after_steps<Halves, Stored<bf16, bf16>>(1) == expected);
  CHECK(after_steps<Halves, Stored<bf16, bf16>>(3) == expected);
  CHECK(after_steps<Halves, Stored<bf16, bf16, Experts>>() == expected);
  CHECK(after_steps<Halves, Stored<bf16, bf16, Layers>>() == expected);
  CHECK(after_steps<Halves, Stored<bf16, bf16, Every<2>>>() == expected);
  CHECK(after_steps<Halves, Stored<bf16, f32>>() != expected);
  const std::vector<float> of_float16 = after_steps<test::Exact, Stored<f16, f16>>();
  CHECK(after_steps<test::Exact, Stored<f16, f16>>(1) == of_float16);
  CHECK(after_steps<test::Exact, Stored<f16, f16, Experts>>(3) == of_float16);
  CHECK(distance(of_float16, after_steps<test::Exact, test::Short<>>()) < 1e-2);
}

namespace {

/// Doubles early; a huge scale at first.
template <int Scale>
struct Scaled : test::Short<> {
  static constexpr Precision precision{
      .gradients = f16, .saved = bf16, .scale = Scale == 0 ? 65536.0F : 0x1p40F, .good_steps = 3};
};

}  // namespace

TEST_CASE("a step beyond float16 is skipped and halves the scale; good ones double it") {
  Data data;
  auto trainer = trainer_of<Halves, Scaled<1>>();
  const std::vector<float> weights = test::all_weights(trainer);
  std::vector<std::byte> states;
  const auto states_of = [&] {
    std::vector<std::byte> out;
    for (const train::Parameter& parameter : trainer.parameters())
      out.insert(out.end(), parameter.state.begin(), parameter.state.end());
    return out;
  };
  states = states_of();
  float scale = 0x1p40F;
  std::int64_t step = 0;
  train::StepReport report;
  for (;;) {
    report = trainer.step(data.batch(), 200);
    CHECK(report.step == ++step);
    CHECK(report.scale == scale);
    if (!report.skipped) break;
    CHECK(test::all_weights(trainer) == weights);
    CHECK(states_of() == states);
    CHECK(trainer.loss_scale() == LossScale{scale / 2, 0, step});
    scale /= 2;
    REQUIRE(scale > 1);
  }
  CHECK(step > 5);
  CHECK(report.norm > 0);
  CHECK(test::all_weights(trainer) != weights);
  // The first update is that of step 1, whatever was skipped before it: with AdamW each weight moves by the rate.
  CHECK(states_of() != states);
  double most = 0;
  const std::vector<float> moved = test::all_weights(trainer);
  for (std::size_t i = 0; i < moved.size(); ++i)
    most = std::max(most, std::abs(static_cast<double>(moved[i]) - static_cast<double>(weights[i])));
  CHECK(most < 1.1 * static_cast<double>(report.rate));
  CHECK(most > 0.9 * static_cast<double>(report.rate));
  CHECK(trainer.loss_scale() == LossScale{scale, 1, step - 1});
  trainer.step(data.batch(), 200);
  CHECK(trainer.loss_scale() == LossScale{scale, 2, step - 1});
  trainer.step(data.batch(), 200);  // the third in a row
  CHECK(trainer.loss_scale() == LossScale{2 * scale, 0, step - 1});
}

TEST_CASE("the scale goes as the specification says") {
  constexpr Precision halves{.gradients = f16};
  LossScale scale = LossScale::of(halves);
  CHECK(scale == LossScale{65536, 0, 0});
  for (int i = 0; i < 1999; ++i) scale.grow(halves);
  CHECK(scale == LossScale{65536, 1999, 0});
  scale.grow(halves);
  CHECK(scale == LossScale{131072, 0, 0});
  scale.grow(halves);
  CHECK(scale.shrink());
  CHECK(scale == LossScale{65536, 0, 1});
  scale.value = 1;
  CHECK(!scale.shrink());
  CHECK(scale == LossScale{1, 0, 1});
  constexpr Precision wide{.gradients = bf16};
  scale = LossScale::of(wide);
  for (int i = 0; i < 5000; ++i) scale.grow(wide);
  CHECK(scale == LossScale{1, 0, 0});
  CHECK(!scale.shrink());
}

TEST_CASE_TEMPLATE("NaN is an error that names step and tensor, and changes nothing", R, test::Short<>,
                   Stored<bf16, bf16>, Stored<f16>) {
  const Data data;
  auto trainer = trainer_of<Halves, R>();
  trainer.step(data.batch(), 10);
  const train::Parameter* planted = nullptr;
  for (const train::Parameter& parameter : trainer.parameters()) {
    if (parameter.kind == train::Kind::expert) planted = &parameter;
  }
  REQUIRE(planted != nullptr);
  for (float& value : planted->values()) value = std::numeric_limits<float>::quiet_NaN();
  planted->refresh();
  const LossScale scale = trainer.loss_scale();
  test::check_error<NumericError>([&] { trainer.step(data.batch(), 10); }, {"step 2", "the gradient of '"});
  CHECK(trainer.steps() == 1);
  CHECK(trainer.loss_scale() == scale);
}

namespace {

constexpr std::int64_t all_steps = 12;

template <class R, class B = Halves>
std::vector<float> run_in(const std::string& folder, std::int64_t stop_after = all_steps,
                          std::int32_t threads = 2) {
  const train::Examples examples = test::copies(40, 100);
  auto trainer = trainer_of<B, R>("plain", threads);
  train::Packing packing(examples, {.rows = train::step_rows<R>, .batch = 4, .seed = 5});
  struct Stop {
    std::stop_source source;
    std::int64_t after;
  } stop{{}, stop_after};
  train::RunOptions options{.folder = folder, .like = test::checkpoint_folder(), .steps = all_steps};
  options.cancel = stop.source.get_token();
  options.context = &stop;
  options.on_step = [](const train::LogLine& line, void* context) {
    auto& self = *static_cast<Stop*>(context);
    if (line.report.step + 1 >= self.after) self.source.request_stop();
  };
  train::run(trainer, packing, nullptr, options);
  return test::all_weights(trainer);
}

}  // namespace

TEST_CASE_TEMPLATE("a run goes on with the same bits, its scale too", R, Stored<bf16, bf16>, Scaled<0>,
                   Scaled<1>) {
  const test::TemporaryFolder whole;
  const std::vector<float> expected = run_in<R>(whole.path());
  for (const std::int64_t stop : {2, 7, 10}) {
    CAPTURE(stop);
    const test::TemporaryFolder folder;
    run_in<R>(folder.path(), stop, 1);
    CHECK(run_in<R>(folder.path(), all_steps, 3) == expected);
    const auto first = train::Log::read(whole / "log.jsonl");
    const auto second = train::Log::read(folder / "log.jsonl");
    REQUIRE(first.size() == second.size());
    for (std::size_t i = 0; i < first.size(); ++i) {
      CHECK(first[i].report.scale == second[i].report.scale);
      CHECK(first[i].report.skipped == second[i].report.skipped);
      CHECK(first[i].report.norm == second[i].report.norm);
    }
  }
  // Its state is a checkpoint of the masters.
  auto again = trainer_of<Halves, R>();
  train::load_weights(train::States(whole.path(), "", Architecture::mixtral).path_of(all_steps), again);
  CHECK(test::all_weights(again) == expected);
}

TEST_CASE("another precision is refused with the difference") {
  const test::TemporaryFolder folder;
  run_in<Scaled<0>>(folder.path(), 3);
  CHECK_THROWS_WITH_AS(
      run_in<Stored<bf16>>(folder.path()),
      doctest::Contains("precision: gradients float16, saved bfloat16, scale 65536 doubled after 3 "
                        "good steps in the state, gradients bfloat16, saved float32 now"),
      InvalidArgument);
  CHECK_THROWS_WITH_AS((run_in<Scaled<0>, test::Exact>(folder.path())),
                       doctest::Contains("weights: bfloat16, embedding bfloat16, head bfloat16 in the state"),
                       InvalidArgument);
}

TEST_CASE("random weights are rounded for the model") {
  const Shape shape = generate::read_config(test::checkpoint_folder()).shape;
  train::Trainer<Halves, Stored<bf16>> narrow(shape, 64_MiB);
  train::Trainer<test::Exact, test::Short<>> exact(shape, 64_MiB);
  train::initialise(narrow.parameters(), shape, {.seed = 3});
  train::initialise(exact.parameters(), shape, {.seed = 3});
  CHECK(test::all_weights(narrow) == test::all_weights(exact));
  const Data data;
  CHECK(narrow.evaluate(data.batch()).loss == doctest::Approx(exact.evaluate(data.batch()).loss).epsilon(1e-2));
}

namespace {

/// 1.8e9 numbers, about those of the dialogue model of 2019.
struct Large : test::Exact {
  static constexpr Shape shape{.vocabulary = 50265,
                               .hidden = 1024,
                               .layers = 24,
                               .heads = 16,
                               .kv_heads = 16,
                               .head_dim = 64,
                               .ffn = 2736,
                               .experts = 8,
                               .top_k = 2,
                               .max_positions = 1024,
                               .tied_head = true};
};
struct LargeHalves : Large {
  using Quantization = quant::BFloat16;
  using Embedding = quant::BFloat16;
  using Head = quant::BFloat16;
};
struct Wide : train::Recipe {
  using Recompute = train::recompute::Layers;
  static constexpr std::int32_t batch = 4, sequence = 256;
};
struct Narrow : Wide {
  static constexpr Precision precision{.gradients = bf16};
  static constexpr train::AdamW8 optimizer{};
};
inline constexpr Machine card = [] {
  Machine machine;
  machine.add(24_GiB, DeviceKind::host);
  return machine;
}();

static_assert(!train::plan<Large, Wide>(card).fits());
static_assert(train::plan<Large, Wide>(card).total() > 26_GiB);
static_assert(train::fits<Large, Narrow, card>());
static_assert(train::fits<Large, Narrow, card, 16_GiB>());
static_assert(train::plan<Large, Wide>(card).masters == Bytes{0});
// Masters beside weights of half the size take half as much again.
static_assert(train::plan<LargeHalves, Narrow>(card).masters > train::plan<Large, Narrow>(card).weights - 16_MiB);
static_assert(train::fits<LargeHalves, Narrow, card, 20_GiB>());

}  // namespace

TEST_CASE("a refused run shows its masters") {
  const Shape shape = generate::read_config(test::checkpoint_folder()).shape;
  using Trainer = train::Trainer<Halves, Stored<bf16>>;
  CHECK_THROWS_WITH_AS(Trainer(shape, 1_MiB), doctest::Contains(", masters "), BudgetExceeded);
}
