// The memory of a run, by hand for a small model, and what is refused.
#include "asterism/train/plan.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include <doctest/doctest.h>

#include "asterism/train/adam_w8.hpp"

#include "trained.hpp"

using namespace asterism;

namespace {

Shape shape_of(const std::string& name) { return generate::read_config(test::checkpoint_folder(name)).shape; }

template <std::int32_t Batch>
struct Batches : test::Short<> {
  static constexpr std::int32_t batch = Batch;
};

struct EightBits : test::Short<> {
  static constexpr train::AdamW8 optimizer{};
};

template <class R = test::Short<>>
train::Plan plan_of(const Shape& shape, Bytes budget = 1_GiB) {
  return train::plan<test::Exact, R>(budget, shape);
}

}  // namespace

TEST_CASE("weights, gradients and states are of as many numbers as the model has") {
  for (const char* name : {"plain", "one_kv_head", "qwen3_moe_dense_list", "llama_bias_tied"}) {
    CAPTURE(name);
    const Shape shape = shape_of(name);
    std::uint64_t numbers = 0;
    std::uint64_t tensors = 0;
    std::map<train::Kind, int> kinds;
    train::for_each_tensor(
        shape, {},
        [&](const model::WeightId&, train::Half half, train::Kind kind, std::size_t rows, std::size_t cols) {
          CHECK(half == train::Half::none);
          numbers += rows * cols;
          ++tensors;
          ++kinds[kind];
        });
    const train::Plan plan = plan_of(shape);
    const std::uint64_t padding = tensors * 64;
    const auto within = [&](Bytes bytes, std::uint64_t least) {
      return bytes.count >= least && bytes.count <= least + 2 * padding + 65536;
    };
    CHECK(within(plan.weights, 4 * numbers));
    CHECK(plan.gradients == plan.weights);
    CHECK(within(plan.optimizer, 8 * numbers));
    CHECK(kinds[train::Kind::head] == (shape.tied_head ? 0 : 1));
    CHECK(kinds[train::Kind::router] == static_cast<int>(shape.sparse_layers().size()));
    CHECK(kinds[train::Kind::feed_forward] == 3 * static_cast<int>(shape.dense_layers.size()));
    CHECK(kinds[train::Kind::attention] == 4 * shape.layers);
    CHECK(kinds[train::Kind::embedding] == 1);
  }
}

TEST_CASE("twice the batch takes more for activations alone, eight bits less for states alone") {
  const Shape shape = shape_of("plain");
  const train::Plan four = plan_of<Batches<4>>(shape);
  const train::Plan eight = plan_of<Batches<8>>(shape);
  CHECK(eight.activations.count > four.activations.count * 19 / 10);
  CHECK(eight.weights == four.weights);
  CHECK(eight.optimizer == four.optimizer);
  const train::Plan small = plan_of<EightBits>(shape);
  CHECK(small.optimizer.count < four.optimizer.count / 2);
  CHECK(small.activations == four.activations);
  CHECK(plan_of<test::Short<train::recompute::Layers>>(shape).activations < four.activations);
  CHECK(four.total() == four.weights + four.gradients + four.optimizer + four.activations + four.workspace);
  CHECK(plan_of(shape, four.total()).fits());
  CHECK(!plan_of(shape, Bytes{four.total().count - 1}).fits());
}

TEST_CASE("layers that don't learn are refused by what they have") {
  const auto refused = [](Shape shape, const char* words) {
    CHECK_THROWS_WITH_AS(train::check_learns(shape), doctest::Contains(words), Unsupported);
  };
  refused(shape_of("qwen3_next_plain"), "linear attention");
  Shape shape = shape_of("plain");
  train::check_learns(shape);
  shape.shared_ffn = 8;
  refused(shape, "shared experts");
  shape.shared_ffn = 0;
  shape.attention_gate = true;
  refused(shape, "attention with a gate");
}

namespace {

struct Fixed : test::Exact {
  static constexpr Shape shape{.vocabulary = 50,
                               .hidden = 32,
                               .layers = 1,
                               .heads = 2,
                               .kv_heads = 2,
                               .head_dim = 16,
                               .ffn = 16,
                               .experts = 2,
                               .top_k = 1,
                               .max_positions = 64};
};

}  // namespace

TEST_CASE("a run is planned on the machine's first host") {
  Machine machine;
  machine.add(2_GiB, DeviceKind::accelerator);
  CHECK_THROWS_WITH_AS((train::plan<Fixed, test::Short<>>(machine)), doctest::Contains("no host device"),
                       InvalidArgument);
  machine.add(3_MiB, DeviceKind::host);
  CHECK(train::plan<Fixed, test::Short<>>(machine).budget == 3_MiB);
}
