// A constellation of encoders that learns: its gradients against PyTorch's, its bits, its memory, and that it learns.
#include "asterism/train/encoders/constellation_trainer.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/core/random.hpp"

#include "support/golden.hpp"
#include "support/slopes.hpp"

using namespace asterism;

namespace {

/// The sizes of the golden file.
struct Small : train::Recipe {
  static constexpr train::ConstellationSizes sizes{
      .in = 6, .hidden = 8, .out = 5, .experts = 4, .top_k = 2, .gate_heads = 3, .expert_heads = 2, .dropout = 0};
  static constexpr train::Losses losses{.balance = 0.05F, .z = 0.01F};
  static constexpr std::int32_t batch = 3, sequence = 12;
};
struct Recomputed : Small {
  using Recompute = train::recompute::Experts;
};
struct Dropping : Small {
  static constexpr train::ConstellationSizes sizes = [] {
    auto out = Small::sizes;
    out.dropout = 0.1F;
    return out;
  }();
};
struct DroppingRecomputed : Dropping {
  using Recompute = train::recompute::Experts;
};

struct Many : Recomputed {
  static constexpr std::int32_t batch = 300;
};
struct Kept : Small {
  static constexpr std::int32_t batch = 300;
};
struct Full : train::Recipe {
  static constexpr train::ConstellationSizes sizes{};
  using Recompute = train::recompute::Experts;
  static constexpr std::int32_t batch = 4, sequence = 256;
};
struct Quick : Dropping {
  static constexpr train::AdamW optimizer{.rate = 1e-2F};
  static constexpr train::Constant schedule{};
};

struct GoldenBatch {
  explicit GoldenBatch(const test::Golden& golden)
      : rows(golden.values<float>("rows")),
        targets(golden.values<float>("targets")),
        weights(golden.values<float>("weights")) {
    for (const std::int32_t end : golden.values<std::int32_t>("ends"))
      ends.push_back(static_cast<std::uint32_t>(end));
  }
  train::FeatureBatch view() const {
    return {.rows = {rows.data(), weights.size(), Small::sizes.in},
            .ends = ends,
            .targets = {targets.data(), weights.size(), Small::sizes.out},
            .weights = weights};
  }

  std::vector<float> rows, targets, weights;
  std::vector<std::uint32_t> ends;
};

const test::Golden& golden() {
  static const test::Golden file("train/constellation.safetensors");
  return file;
}

template <class C>
void load(train::ConstellationTrainer<C>& trainer) {
  for (const train::Parameter& parameter : trainer.parameters()) {
    const auto values = golden().values<float>("value/" + parameter.name);
    REQUIRE(values.size() == parameter.size());
    std::copy(values.begin(), values.end(), parameter.values().data);
  }
}

template <class C>
std::vector<float> gradients(const train::ConstellationTrainer<C>& trainer) {
  std::vector<float> out;
  for (const train::Parameter& parameter : trainer.parameters()) {
    const auto* const slope = reinterpret_cast<const float*>(parameter.slope().data);
    out.insert(out.end(), slope, slope + parameter.size());
  }
  return out;
}

template <class C>
std::vector<float> gradients_of(std::int32_t threads, std::uint64_t seed = 0) {
  train::ConstellationTrainer<C> trainer(64_MiB, threads, {}, seed);
  load(trainer);
  trainer.clear_gradients();
  trainer.accumulate(GoldenBatch(golden()).view());
  return gradients(trainer);
}

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

}  // namespace

TEST_CASE("answers and every tensor's gradient are PyTorch's") {
  train::ConstellationTrainer<Small> trainer(64_MiB, 2);
  load(trainer);
  const GoldenBatch batch(golden());
  const auto answers = trainer.answer(batch.view().rows, batch.ends);
  const auto expected = golden().values<float>("answers");
  CHECK(test::difference(answers, {expected.begin(), expected.end()}) < 1e-5);
  trainer.clear_gradients();
  const train::ConstellationReport report = trainer.accumulate(batch.view());
  const auto number = [&](const char* of) { return golden().values<double>(of)[0]; };
  CHECK(report.loss == doctest::Approx(number("loss")).epsilon(1e-5));
  CHECK(report.router.balance == doctest::Approx(number("balance")).epsilon(1e-5));
  CHECK(report.router.z == doctest::Approx(number("z")).epsilon(1e-5));
  std::size_t tensors = 0;
  for (const train::Parameter& parameter : trainer.parameters()) {
    CAPTURE(parameter.name);
    const auto of = golden().values<float>("gradient/" + parameter.name);
    const std::vector<double> wanted(of.begin(), of.end());
    const MatrixView<const float> slope(reinterpret_cast<const float*>(parameter.slope().data), 1,
                                        parameter.size());
    if (parameter.name == "gate.key.bias") {
      // What all keys share changes no softmax: nothing but rounding is left.
      for (const float value : slope.row(0)) CHECK(std::abs(value) < 1e-6F);
    } else {
      CHECK(test::difference(slope, wanted) < 1e-4);
    }
    ++tensors;
  }
  std::size_t stored = 0;
  for (const auto& [name, tensor] : golden().tensors()) stored += name.starts_with("gradient/") ? 1 : 0;
  CHECK(tensors == stored);
}

TEST_CASE("threads and what is computed again change no bit, with and without dropout") {
  const auto plain = gradients_of<Small>(1);
  CHECK(same_bits(gradients_of<Small>(3), plain));
  CHECK(same_bits(gradients_of<Recomputed>(1), plain));
  const auto dropped = gradients_of<Dropping>(1, 5);
  CHECK(!same_bits(dropped, plain));
  CHECK(same_bits(gradients_of<Dropping>(2, 5), dropped));
  CHECK(same_bits(gradients_of<DroppingRecomputed>(2, 5), dropped));
  CHECK(!same_bits(gradients_of<Dropping>(1, 6), dropped));
}

namespace {

/// Sizes at which experts of one step differ enough for both ways of spreading them, and sums over rows have pieces.
struct Wide : train::Recipe {
  static constexpr train::ConstellationSizes sizes{
      .in = 24, .hidden = 256, .out = 24, .experts = 6, .top_k = 2, .gate_heads = 3, .expert_heads = 4};
  static constexpr train::AdamW optimizer{.rate = 1e-3F};
  static constexpr train::Constant schedule{};
  static constexpr std::int32_t batch = 8, sequence = 80;
};
struct WideRecomputed : Wide {
  using Recompute = train::recompute::Experts;
};

/// Random rows, of sequences of 60.
struct Rows {
  std::vector<float> rows = std::vector<float>(480 * 24);
  std::vector<float> targets = rows;
  std::vector<std::uint32_t> ends;
  std::vector<float> weights = std::vector<float>(480, 1.0F);

  Rows() {
    Random random(3);
    for (auto* values : {&rows, &targets}) {
      for (float& value : *values) value = static_cast<float>(random.normal());
    }
    for (std::uint32_t end = 60; end <= 480; end += 60) ends.push_back(end);
  }
  train::FeatureBatch view() const { return {{rows.data(), 480, 24}, ends, {targets.data(), 480, 24}, weights}; }
};

/// Weights after a step, and how its rows were shared out.
template <class C>
std::vector<float> weights_after_step(std::int32_t threads, std::size_t& largest, std::size_t& least) {
  train::ConstellationTrainer<C> trainer(512_MiB, threads);
  trainer.initialise(4);
  const Rows rows;
  trainer.step(rows.view(), 10);
  CHECK(trainer.device().arena().high_water() == trainer.plan().total());
  largest = 0;
  least = 960;
  for (const train::ExpertDraft& draft : trainer.draft()) {
    largest = std::max(largest, draft.rows);
    least = std::min(least, draft.rows);
  }
  std::vector<float> out;
  for (const train::Parameter& parameter : trainer.parameters())
    out.insert(out.end(), parameter.values().begin(), parameter.values().end());
  return out;
}

}  // namespace

TEST_CASE("large experts on all threads and small ones side by side leave the weights of one thread") {
  std::size_t largest = 0;
  std::size_t least = 0;
  const std::vector<float> expected = weights_after_step<Wide>(1, largest, least);
  // One is large enough for all threads at 3 and 8 of them (see EncoderExperts), others are not.
  CHECK(3 * largest > 960);
  CHECK(largest * 256 * 256 >= (1U << 24U));
  CHECK(least < 120);
  for (const std::int32_t threads : {2, 3, 8}) {
    CAPTURE(threads);
    CHECK(same_bits(weights_after_step<Wide>(threads, largest, least), expected));
  }
  CHECK(same_bits(weights_after_step<WideRecomputed>(3, largest, least), expected));
}

TEST_CASE("a step that was refused leaves the next one's dropout, and a run goes on where it was resumed") {
  const GoldenBatch batch(golden());
  const auto steps = [&](train::ConstellationTrainer<Dropping>& trainer, int count) {
    for (int step = 0; step < count; ++step) trainer.step(batch.view(), 20);
  };
  train::ConstellationTrainer<Dropping> whole(64_MiB, 1, {}, 5);
  load(whole);
  steps(whole, 5);

  train::ConstellationTrainer<Dropping> first(64_MiB, 2, {}, 5);
  load(first);
  train::FeatureBatch bad = batch.view();
  bad.targets = {};
  CHECK_THROWS_AS(first.step(bad, 20), InvalidArgument);
  CHECK_THROWS_WITH_AS(first.step(batch.view(), 0), doctest::Contains("the schedule has ended"), InvalidArgument);
  steps(first, 3);
  train::ConstellationTrainer<Dropping> second(64_MiB, 1, {}, 5);
  for (std::size_t i = 0; i < first.parameters().size; ++i) {
    const train::Parameter& from = first.parameters()[i];
    const train::Parameter& to = second.parameters()[i];
    std::copy(from.values().begin(), from.values().end(), to.values().begin());
    std::copy(from.state.begin(), from.state.end(), to.state.begin());
  }
  second.resume(3);
  steps(second, 2);
  for (std::size_t i = 0; i < whole.parameters().size; ++i) {
    const View<const float> expected = whole.parameters()[i].values();
    const View<const float> found = second.parameters()[i].values();
    CHECK(std::memcmp(found.data, expected.data, expected.size * sizeof(float)) == 0);
  }
}

TEST_CASE("gradients with dropout are derivatives of what was computed") {
  train::ConstellationTrainer<Dropping> trainer(64_MiB, 1, {}, 5);
  load(trainer);
  const GoldenBatch batch(golden());
  const auto loss = [&] {
    trainer.resume(0);  // the same elements fall out
    trainer.clear_gradients();
    const auto report = trainer.accumulate(batch.view());
    return report.loss + 0.05 * report.router.balance + 0.01 * report.router.z;
  };
  loss();
  const auto slope = gradients(trainer);
  Random random(2);
  for (int direction = 0; direction < 5; ++direction) {
    std::vector<float> before, by;
    double expected = 0;
    for (const train::Parameter& parameter : trainer.parameters()) {
      for (const float value : parameter.values()) {
        before.push_back(value);
        by.push_back(static_cast<float>(random.normal()));
        expected += static_cast<double>(by.back()) * static_cast<double>(slope[by.size() - 1]);
      }
    }
    const auto at = [&](float step) {
      std::size_t i = 0;
      for (const train::Parameter& parameter : trainer.parameters()) {
        for (float& value : parameter.values()) {
          value = before[i] + step * by[i];
          ++i;
        }
      }
      return loss();
    };
    constexpr float step = 2e-4F;  // no choice of experts changes within it
    const double found = (at(step) - at(-step)) / (2 * static_cast<double>(step));
    at(0);
    CHECK(found == doctest::Approx(expected).epsilon(1e-2).scale(0.1));
  }
}

TEST_CASE("sequences are apart: an answer depends on its own alone") {
  train::ConstellationTrainer<Small> trainer(64_MiB, 2);
  load(trainer);
  GoldenBatch batch(golden());
  const auto first = trainer.answer(batch.view().rows, batch.ends);
  const std::vector<float> before(first.data, first.data + first.rows * first.cols);
  for (std::size_t i = 0; i < batch.ends[0] * Small::sizes.in; ++i) batch.rows[i] = -batch.rows[i];
  const auto second = trainer.answer(batch.view().rows, batch.ends);
  const std::size_t of_first = batch.ends[0] * Small::sizes.out;
  CHECK(!std::equal(before.begin(), before.begin() + static_cast<std::ptrdiff_t>(of_first), second.data));
  CHECK(std::memcmp(before.data() + of_first, second.data + of_first,
                    (before.size() - of_first) * sizeof(float)) == 0);
}

TEST_CASE_TEMPLATE("the plan is what is drawn, to the byte, and steps draw nothing", C, Small, Recomputed,
                   Dropping) {
  train::ConstellationTrainer<C> trainer(64_MiB, 3);
  constexpr train::Plan plan = train::constellation_plan<C>(64_MiB, 3);
  CHECK(trainer.device().arena().used() == plan.total());
  trainer.initialise(1);
  for (int step = 0; step < 3; ++step) trainer.step(GoldenBatch(golden()).view(), 10);
  CHECK(trainer.device().arena().high_water() == plan.total());
  CHECK_THROWS_WITH_AS(train::ConstellationTrainer<C>(1_KiB), doctest::Contains("activations"), BudgetExceeded);
}

TEST_CASE("computing experts again takes less memory") {
  constexpr auto kept = train::constellation_plan<Kept>(1_GiB, 1);
  constexpr auto again = train::constellation_plan<Many>(1_GiB, 1);
  CHECK(again.activations.count < kept.activations.count / 2);
  CHECK(again.workspace == kept.workspace);
}

TEST_CASE("system 2 at full size") {
  static_assert(train::parameters(Full::sizes) == 1'814'272'192);
  constexpr auto plan = train::constellation_plan<Full>(40_GiB, 2);
  static_assert(plan.fits());
  CHECK(plan.weights.count / 4 - 1'814'272'192 < 16 * 1000);  // tensors begin at multiples of 64 bytes
}

TEST_CASE("it learns, and says what each expert said") {
  train::ConstellationTrainer<Quick> trainer(64_MiB, 2);
  trainer.initialise(4);
  const GoldenBatch batch(golden());
  const double before = trainer.evaluate(batch.view()).loss;
  train::ConstellationReport report;
  for (int step = 0; step < 150; ++step) report = trainer.step(batch.view(), 150);
  CHECK(report.step == 150);
  CHECK(trainer.evaluate(batch.view()).loss < 0.1 * before);
  CHECK_THROWS_AS(trainer.step(batch.view(), 150), InvalidArgument);
  const auto drafts = trainer.draft(2);
  CHECK(drafts.size() == 4);
  std::size_t rows = 0;
  for (const train::ExpertDraft& draft : drafts) {
    rows += draft.rows;
    CHECK(draft.surest.size() == std::min<std::size_t>(2, draft.rows));
    if (draft.rows == 0) continue;
    CHECK(draft.answer.size() == 5);
    CHECK(draft.confidence > 0);
    CHECK(static_cast<double>(draft.surest[0].confidence) >= draft.confidence);
  }
  CHECK(rows == 2 * batch.weights.size());
}

TEST_CASE("what is no batch is refused, with what was expected") {
  train::ConstellationTrainer<Small> trainer(64_MiB);
  trainer.initialise(1);
  const GoldenBatch good(golden());
  const auto refused = [&](train::FeatureBatch batch, const char* words) {
    CHECK_THROWS_WITH_AS(trainer.accumulate(batch), doctest::Contains(words), InvalidArgument);
  };
  train::FeatureBatch batch = good.view();
  batch.rows.cols = 5;
  refused(batch, "5 features, expected 6");
  batch = good.view();
  batch.rows.rows = 0;
  refused(batch, "expected 1 to 36");
  batch = good.view();
  const std::vector<std::uint32_t> long_one{20};
  batch.ends = long_one;
  refused(batch, "more than 12");
  batch = good.view();
  batch.targets.cols = 4;
  refused(batch, "targets (20, 4)");
  std::vector<float> weights(20, 0.0F);
  batch = good.view();
  batch.weights = weights;
  refused(batch, "all weights are 0");
  weights[3] = -1;
  refused(batch, "a weight is -1");
}
