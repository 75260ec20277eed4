// The laws of train::TrainableExpert, for expert templates over the format of their weights. Needs doctest.
// `make(threads)` makes a pointer to a training device that has reserved for at least 64 rows.
//
//   laws::trainable_expert<MyExpert<quant::Float32>>(make);
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <type_traits>
#include <utility>
#include <vector>

#include "asterism/backend/groups.hpp"
#include "asterism/backend/layout.hpp"
#include "asterism/backend/operand.hpp"
#include "asterism/core/random.hpp"
#include "asterism/core/view.hpp"
#include "asterism/shape/shape.hpp"
#include "asterism/train/trainable_expert.hpp"

#include "laws/law.hpp"
#include "support/slopes.hpp"

namespace asterism::laws {

namespace detail {

/// A layer of one expert type with random weights, and room for their gradients.
template <class E, class Device>
class LearningLayer {
 public:
  static constexpr std::size_t experts = 5, hidden = 12, ffn = 20, slots = 33;

  explicit LearningLayer(Device& device) : device_(device), expert_(shape()) {
    weights_.resize(numbers());
    gradients_.resize(numbers());
    Random random(7);
    for (float& weight : weights_) weight = 0.5F * static_cast<float>(random.normal());
    for (auto& [slabs, matrices] :
         {std::pair{&slabs_[0], &matrices_}, std::pair{&slabs_[1], &gradient_matrices_}}) {
      *slabs = device_.allocate(expert_.footprint() * experts, "law");
      backend::Layout cursor(*slabs);
      for (std::size_t e = 0; e < experts; ++e) matrices->add(expert_.lay_out(cursor));
    }
  }

  static Shape shape() {
    Shape out;
    out.hidden = hidden;
    out.ffn = ffn;
    out.experts = experts;
    out.top_k = 1;
    return out;
  }

  /// Slots of each expert.
  void send(const std::vector<std::int32_t>& counts) {
    offsets_.assign(1, 0);
    for (const std::int32_t count : counts) offsets_.push_back(offsets_.back() + count);
    rows_.resize(slots);
    for (std::size_t i = 0; i < slots; ++i) rows_[i] = static_cast<std::int32_t>(i);
  }

  std::vector<float>& weights() { return weights_; }
  const std::vector<float>& gradients() const { return gradients_; }
  void clear() { std::fill(gradients_.begin(), gradients_.end(), 0.0F); }

  /// y, and the gradient of x if dy is given.
  std::vector<float> pass(std::vector<float> x, const std::vector<float>& dy, std::vector<float>* dx) {
    backend::Layout measured;
    E::Saved::lay_out(measured, expert_, slots);
    E::Work::lay_out(measured, expert_, slots);
    const auto memory = device_.allocate(measured.used(), "law");
    std::memset(memory.data(), 0xFF,
                static_cast<std::size_t>(measured.used().count));  // NaN shows what is not written
    backend::Layout cursor(memory);
    const auto kept = E::Saved::lay_out(cursor, expert_, slots);
    const auto work = E::Work::lay_out(cursor, expert_, slots);
    std::vector<float> y(slots * hidden, NAN);
    expert_.forward(device_, matrices_, groups(), matrix(x), kept, work, matrix(y));
    if (dx != nullptr) {
      dx->assign(slots * hidden, NAN);
      std::vector<float> d = dy;
      expert_.backward(device_, matrices_, gradient_matrices_, groups(), matrix(x), kept, work, matrix(d),
                       matrix(*dx));
    }
    return y;
  }

 private:
  backend::ExpertGroups groups() {
    return {.offsets = offsets_, .source_row = rows_, .slot_of_choice = rows_, .device = device_.device()};
  }
  backend::DeviceMatrix<float> matrix(std::vector<float>& values) {
    return {{values.data(), slots, hidden}, device_.device()};
  }

 public:
  /// Copies `weights` to where the expert reads them, and the gradients from where it adds them.
  void store() {
    std::memcpy(slabs_[0].data(), weights_.data(), numbers() * sizeof(float));
    std::memcpy(slabs_[1].data(), gradients_.data(), numbers() * sizeof(float));
  }
  void fetch() { std::memcpy(gradients_.data(), slabs_[1].data(), numbers() * sizeof(float)); }
  std::size_t numbers() const {
    return static_cast<std::size_t>((expert_.footprint() * experts).count) / sizeof(float);
  }

 private:
  Device& device_;
  E expert_;
  std::vector<float> weights_;
  std::vector<float> gradients_;
  backend::Buffer slabs_[2];  ///< of weights and of gradients
  typename E::Matrices matrices_;
  typename E::Matrices gradient_matrices_;
  std::vector<std::int32_t> offsets_;
  std::vector<std::int32_t> rows_;
};

}  // namespace detail

/// Gradients of rows and weights are derivatives along random directions, whoever has the rows.
template <class E, class Make>
void expert_gradients(const Make& make) {
  auto device = make(2);
  using Device = std::remove_reference_t<decltype(*device)>;
  using Layer = detail::LearningLayer<E, Device>;
  static_assert(train::TrainableExpert<E, Device>);
  Layer layer(*device);
  Random random(5);
  const auto normal = [&](std::size_t count) {
    std::vector<float> out(count);
    for (float& value : out) value = static_cast<float>(random.normal());
    return out;
  };
  for (const std::vector<std::int32_t>& counts :
       {std::vector<std::int32_t>{7, 0, 13, 12, 1}, std::vector<std::int32_t>{0, 33, 0, 0, 0}}) {
    layer.send(counts);
    const std::vector<float> x = normal(Layer::slots * Layer::hidden);
    const std::vector<float> dy = normal(x.size());
    std::vector<float> dx;
    layer.clear();
    layer.store();
    layer.pass(x, dy, &dx);
    layer.fetch();
    const std::vector<float> gradients = layer.gradients();
    const auto loss = [&](const std::vector<float>& at) {
      const std::vector<float> y = layer.pass(at, {}, nullptr);
      double out = 0;
      for (std::size_t i = 0; i < y.size(); ++i) out += static_cast<double>(y[i]) * static_cast<double>(dy[i]);
      return out;
    };
    constexpr float step = 5e-4F;  // kinks of ReLU are few within it
    const auto check = [&](std::vector<float>& moved, const std::vector<float>& slope, auto&& at) {
      const std::vector<float> before = moved;
      const std::vector<float> direction = normal(moved.size());
      double expected = 0;
      for (std::size_t i = 0; i < slope.size(); ++i)
        expected += static_cast<double>(direction[i]) * static_cast<double>(slope[i]);
      const auto moved_by = [&](float by) {
        for (std::size_t i = 0; i < moved.size(); ++i) moved[i] = before[i] + by * direction[i];
        return at();
      };
      const double difference = (moved_by(step) - moved_by(-step)) / (2 * static_cast<double>(step));
      moved = before;
      CHECK(difference == doctest::Approx(expected).epsilon(1e-2).scale(1));
    };
    std::vector<float> rows = x;
    check(rows, dx, [&] { return loss(rows); });
    for (int direction = 0; direction < 3; ++direction) {
      std::vector<float> slope(gradients.begin(),
                               gradients.begin() + static_cast<std::ptrdiff_t>(layer.numbers()));
      check(layer.weights(), slope, [&] {
        layer.store();
        return loss(x);
      });
      layer.store();
    }
    // Gradients are added to.
    layer.clear();
    layer.store();
    std::vector<float> again;
    layer.pass(x, dy, &again);
    layer.pass(x, dy, &again);
    layer.fetch();
    double most = 0;
    for (std::size_t i = 0; i < layer.numbers(); ++i)
      most = test::worse(
          most, std::abs(2 * static_cast<double>(gradients[i]) - static_cast<double>(layer.gradients()[i])));
    CHECK(most < 1e-3);
    CHECK(again == dx);
    // A row's gradient does not depend on its neighbours.
    std::vector<float> others = x;
    for (std::size_t i = Layer::hidden; i < others.size(); ++i) others[i] = -others[i];
    std::vector<float> first;
    layer.pass(others, dy, &first);
    CHECK(std::memcmp(first.data(), dx.data(), Layer::hidden * sizeof(float)) == 0);
  }
}

/// Threads change no bit.
template <class E, class Make>
void expert_gradients_keep_bits(const Make& make) {
  std::vector<std::vector<float>> results;
  for (const std::size_t threads : {1, 3}) {
    auto device = make(threads);
    detail::LearningLayer<E, std::remove_reference_t<decltype(*device)>> layer(*device);
    layer.send({7, 0, 13, 12, 1});
    layer.clear();
    layer.store();
    Random random(9);
    std::vector<float> x(33 * 12);
    for (float& value : x) value = static_cast<float>(random.normal());
    std::vector<float> dx;
    layer.pass(x, x, &dx);
    layer.fetch();
    dx.insert(dx.end(), layer.gradients().begin(),
              layer.gradients().begin() + static_cast<std::ptrdiff_t>(layer.numbers()));
    results.push_back(dx);
  }
  CHECK(std::memcmp(results[0].data(), results[1].data(), results[0].size() * sizeof(float)) == 0);
}

/// All laws.
template <class E, class Make>
void trainable_expert(const Make& make) {
  expert_gradients<E>(make);
  expert_gradients_keep_bits<E>(make);
}

}  // namespace asterism::laws
