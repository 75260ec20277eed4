// Steps of a run: nothing lost, nothing twice, the same after an interruption.
#include "asterism/train/data/packing.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <set>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/core/random.hpp"

#include "support/files.hpp"

using namespace asterism;
using namespace asterism::train;

namespace {

/// Examples of 2 to 30 tokens; the first token tells which one it is.
Examples some_examples(std::size_t count) {
  Examples examples;
  Random random(7);
  for (std::size_t e = 0; e < count; ++e) {
    std::vector<TokenId> ids(2 + static_cast<std::size_t>(random.below(29)));
    std::vector<std::uint8_t> counts(ids.size());
    for (std::size_t i = 0; i < ids.size(); ++i) {
      ids[i] = static_cast<TokenId>(i == 0 ? e : random.below(1000));
      counts[i] = i + 1 < ids.size() && (i % 3 == 0 || i + 2 == ids.size()) ? 1 : 0;
    }
    examples.add({ids, counts});
  }
  return examples;
}

/// All that a step says, for comparing.
struct Copy {
  std::vector<TokenId> tokens;
  std::vector<TokenId> targets;
  std::vector<float> weights;
  std::vector<std::uint32_t> ends;
  std::vector<std::uint32_t> examples;
  double counted = 0;

  explicit Copy(const PackedStep& step)
      : tokens(step.tokens.begin(), step.tokens.end()),
        targets(step.targets.begin(), step.targets.end()),
        weights(step.weights.begin(), step.weights.end()),
        ends(step.ends.begin(), step.ends.end()),
        examples(step.examples.begin(), step.examples.end()),
        counted(step.counted) {}

  friend bool operator==(const Copy&, const Copy&) = default;
};

std::vector<Copy> steps_of_run(Packing& packing, std::int64_t count) {
  std::vector<Copy> steps;
  for (std::int64_t i = 0; i < count; ++i) steps.emplace_back(packing.next());
  return steps;
}

}  // namespace

TEST_CASE("each epoch has each example once, in an order of its own") {
  const Examples examples = some_examples(101);
  for (const PackingOptions options :
       {PackingOptions{.rows = 64, .batch = 100, .seed = 3}, PackingOptions{.rows = 1000, .batch = 4, .seed = 3},
        PackingOptions{.rows = 30, .batch = 1, .seed = 4},
        PackingOptions{.rows = 100000, .batch = 1000, .seed = 5}}) {
    Packing packing(examples, options);
    std::vector<std::vector<std::uint32_t>> orders;
    for (std::uint64_t epoch = 0; epoch < 3; ++epoch) {
      std::vector<std::uint32_t> order;
      std::int64_t steps = 0;
      for (; packing.position().epoch == epoch; ++steps) {
        const PackedStep step = packing.next();
        CHECK(step.tokens.size <= options.rows);
        CHECK(step.examples.size <= options.batch);
        CHECK(step.examples.size > 0);
        order.insert(order.end(), step.examples.begin(), step.examples.end());
      }
      CHECK(steps == packing.steps_of(epoch));
      orders.push_back(order);
      CHECK(std::set<std::uint32_t>(order.begin(), order.end()).size() == examples.size());
      CHECK(order.size() == examples.size());
      CHECK_FALSE(std::is_sorted(order.begin(), order.end()));
    }
    CHECK(orders[0] != orders[1]);
    CHECK(orders[1] != orders[2]);
  }
}

TEST_CASE("a step is full: the next example would not fit, or the epoch ends") {
  const Examples examples = some_examples(101);
  Packing packing(examples, {.rows = 64, .batch = 3, .seed = 1});
  for (int i = 0; i < 200; ++i) {
    const Copy step(packing.next());
    const PackingPosition after = packing.position();
    if (step.examples.size() == 3 || after.example == 0) continue;
    Packing again(examples, packing.options());
    again.seek(after);
    CHECK(step.tokens.size() + examples.length(again.next().examples[0]) > 64);
  }
}

TEST_CASE("rows are the examples' tokens, each with the next one of its sequence as its target") {
  const Examples examples = some_examples(40);
  Packing packing(examples, {.rows = 90, .batch = 8, .seed = 2});
  for (int i = 0; i < 30; ++i) {
    const PackedStep step = packing.next();
    CHECK(step.ends[step.ends.size - 1] == step.tokens.size);
    double counted = 0;
    std::size_t at = 0;
    for (std::size_t k = 0; k < step.examples.size; ++k) {
      const auto [ids, counts] = examples[step.examples[k]];
      CHECK(step.ends[k] == at + ids.size);
      for (std::size_t j = 0; j < ids.size; ++j, ++at) {
        const bool last = j + 1 == ids.size;
        CHECK(step.tokens[at] == ids[j]);
        CHECK(step.targets[at] == (last ? no_target : ids[j + 1]));
        CHECK(step.weights[at] == (counts[j] == 1 ? 1.0F : 0.0F));
        counted += counts[j];
      }
    }
    CHECK(at == step.tokens.size);
    CHECK(step.targets.size == at);
    CHECK(step.weights.size == at);
    CHECK(step.counted == counted);
  }
}

TEST_CASE("a run that goes on at a saved position, or at a step's number, takes the same steps") {
  const Examples examples = some_examples(57);
  const PackingOptions options{.rows = 70, .batch = 5, .seed = 11};
  Packing whole(examples, options);
  const std::int64_t count = 3 * whole.steps_of(0) + 2;
  std::vector<PackingPosition> positions;
  std::vector<Copy> steps;
  for (std::int64_t i = 0; i < count; ++i) {
    positions.push_back(whole.position());
    steps.emplace_back(whole.next());
  }
  Packing resumed(examples, options);
  for (std::int64_t i = count - 1; i >= 0; --i) {
    const auto from = static_cast<std::size_t>(i);
    CHECK(positions[from].step == i);
    CHECK(resumed.position_of(i) == positions[from]);
    resumed.seek(positions[from]);
    CHECK(resumed.position() == positions[from]);
    const std::vector<Copy> rest = steps_of_run(resumed, std::min<std::int64_t>(count - i, 9));
    CHECK(std::equal(rest.begin(), rest.end(), steps.begin() + i));
  }
}

TEST_CASE("the seed decides the order; without shuffling it is that of the file") {
  const Examples examples = some_examples(57);
  const auto order = [&](const PackingOptions& options) {
    return Copy(Packing(examples, options).next()).examples;
  };
  CHECK(order({.rows = 9999, .batch = 99, .seed = 1}) == order({.rows = 9999, .batch = 99, .seed = 1}));
  CHECK(order({.rows = 9999, .batch = 99, .seed = 1}) != order({.rows = 9999, .batch = 99, .seed = 2}));
  std::vector<std::uint32_t> ascending(57);
  std::iota(ascending.begin(), ascending.end(), 0U);
  CHECK(order({.rows = 9999, .batch = 99, .shuffled = false}) == ascending);
}

TEST_CASE("orders stay what they are: a saved run goes on with a later version") {
  const Examples examples = some_examples(8);
  Packing packing(examples, {.rows = 9999, .batch = 8, .seed = 42});
  CHECK(Copy(packing.next()).examples == std::vector<std::uint32_t>{7, 4, 1, 6, 3, 5, 2, 0});
  CHECK(Copy(packing.next()).examples == std::vector<std::uint32_t>{1, 7, 6, 3, 2, 5, 4, 0});
}

TEST_CASE("what can't be packed is refused") {
  const Examples examples = some_examples(20);
  const std::size_t longest = examples.longest();
  test::check_error<InvalidArgument>([&] { Packing(Examples{}, {.rows = 9, .batch = 1}); }, {"found 0"});
  test::check_error<InvalidArgument>([&] { Packing(examples, {.rows = 99}); }, {"batch of no examples"});
  test::check_error<InvalidArgument>([&] { Packing(examples, {.rows = longest - 1, .batch = 2}); },
                                     {"longest example", std::to_string(longest)});
  Packing packing(examples, {.rows = longest, .batch = 2});
  test::check_error<InvalidArgument>([&] { packing.seek({.example = 20}); }, {"20 examples", "other data"});
  test::check_error<InvalidArgument>([&] { packing.seek({.step = -1}); }, {"step -1"});
  test::check_error<InvalidArgument>([&] { packing.position_of(-1); }, {"step -1"});
}
