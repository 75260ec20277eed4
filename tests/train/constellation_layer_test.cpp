// What the trainer does not ask of a layer: the gradient of its rows, and that pieces of any size give one result.
#include "asterism/train/encoders/constellation_layer.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/backend/training_host.hpp"
#include "asterism/core/random.hpp"
#include "asterism/parallel/threads.hpp"

#include "support/slopes.hpp"

using namespace asterism;

namespace {

constexpr train::ConstellationSizes sizes{
    .in = 6, .hidden = 8, .out = 5, .experts = 4, .top_k = 2, .gate_heads = 3, .expert_heads = 2, .dropout = 0.2F};
constexpr std::size_t rows = 30;
const std::vector<std::uint32_t> ends{9, 10, 12, 21, 30};

/// One pass both ways, on random weights.
template <bool recomputes>
struct Pass {
  using Layer = train::ConstellationLayer<recomputes>;

  backend::TrainingHost device{0, 64_MiB, std::make_shared<parallel::Threads>(2)};
  backend::Buffer values, gradients, memory;
  std::vector<float> x, dy, y, dx;
  std::unique_ptr<Layer> layer;
  std::size_t most;

  explicit Pass(std::size_t most_rows) : most(most_rows) {
    device.reserve_training({.rows = 64, .cols = 32, .longest = 9, .threads = 2});
    const auto ignore = [](const train::TensorInfo&, auto, auto) {};
    train::TensorCursor measured(ignore);
    train::lay_out_constellation(measured, sizes, [](const train::EncoderExpert&) {});
    values = device.allocate(measured.used(), "test");
    gradients = device.allocate(measured.used(), "test");
    memory = device.allocate(1_MiB, "test");
    std::memset(gradients.data(), 0, static_cast<std::size_t>(gradients.size().count));
    std::memset(memory.data(), 0xFF, static_cast<std::size_t>(memory.size().count));  // NaN
    Random random(3);
    const auto fill = [&](float* to, std::size_t count, float scale) {
      for (std::size_t i = 0; i < count; ++i) to[i] = scale * static_cast<float>(random.normal());
    };
    fill(reinterpret_cast<float*>(values.data()), static_cast<std::size_t>(values.size().count) / 4, 0.5F);
    x.resize(rows * sizes.in);
    dy.resize(rows * sizes.out);
    fill(x.data(), x.size(), 1);
    fill(dy.data(), dy.size(), 1);
    train::TensorCursor cursor(values, gradients, ignore);
    std::vector<train::EncoderExpert> experts;
    const auto router = train::lay_out_constellation(
        cursor, sizes, [&](const train::EncoderExpert& expert) { experts.push_back(expert); });
    layer = std::make_unique<Layer>(sizes, router, experts, most);
  }

  /// The sum of dy * y, and with `back` the gradients.
  double run(bool back) {
    backend::Layout cursor(memory);
    const auto saved = Layer::Saved::lay_out(cursor, sizes, rows, most);
    const auto work = Layer::Work::lay_out(cursor, sizes, rows, most, true);
    const auto answers = cursor.matrix<float>(rows, sizes.out);
    const auto matrix = [&](std::vector<float>& of, std::size_t cols) {
      return backend::DeviceMatrix<float>{{of.data(), rows, cols}, device.device()};
    };
    const backend::Sequences sequences{ends};
    const backend::Dropout dropout{sizes.dropout, 11};
    layer->forward(device, sequences, dropout, matrix(x, sizes.in), saved, work, answers);
    y.assign(answers.view.data, answers.view.data + rows * sizes.out);
    double out = 0;
    for (std::size_t i = 0; i < y.size(); ++i) out += static_cast<double>(y[i]) * static_cast<double>(dy[i]);
    if (back) {
      dx.assign(x.size(), NAN);
      layer->backward(device, train::Losses{.balance = 0}, sequences, dropout, matrix(x, sizes.in), saved, work,
                      matrix(dy, sizes.out), matrix(dx, sizes.in));
    }
    return out;
  }

  MatrixView<const float> slopes() const {
    return {reinterpret_cast<const float*>(gradients.data()), 1,
            static_cast<std::size_t>(gradients.size().count) / 4};
  }
};

}  // namespace

TEST_CASE("the gradient of rows is the derivative, through router and experts") {
  Pass<false> pass(rows);
  pass.run(true);
  const std::vector<float> before = pass.x;
  const std::vector<float> dx = pass.dx;
  Random random(8);
  for (int direction = 0; direction < 6; ++direction) {
    std::vector<float> by(before.size());
    double expected = 0;
    for (std::size_t i = 0; i < by.size(); ++i) {
      by[i] = static_cast<float>(random.normal());
      expected += static_cast<double>(by[i]) * static_cast<double>(dx[i]);
    }
    const auto at = [&](float step) {
      for (std::size_t i = 0; i < by.size(); ++i) pass.x[i] = before[i] + step * by[i];
      return pass.run(false);
    };
    constexpr float step = 3e-3F;  // no choice of experts changes within it
    CHECK((at(step) - at(-step)) / (2 * static_cast<double>(step)) ==
          doctest::Approx(expected).epsilon(5e-3).scale(1));
  }
}

TEST_CASE("pieces of any size give one result, kept or thought again") {
  Pass<false> whole(rows);
  whole.run(true);
  const auto check = [&](auto pass) {
    pass.run(true);
    CHECK(std::memcmp(pass.y.data(), whole.y.data(), pass.y.size() * sizeof(float)) == 0);
    CHECK(std::memcmp(pass.dx.data(), whole.dx.data(), pass.dx.size() * sizeof(float)) == 0);
    CHECK(test::difference(pass.slopes(), test::doubles(whole.slopes())) < 1e-5);
  };
  check(Pass<true>(rows));
  check(Pass<false>(9));
  check(Pass<true>(9));
  check(Pass<true>(17));
}
