// The laws of quant::GroupedInt8Activations, one function template for each, for the formats of the toolkit and for
// your own:
//
//   TEST_CASE_TEMPLATE("my formats meet 8-bit activations", Q, MyFormat) { laws::activation8<Q>(); }
//
// Needs doctest.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "asterism/backend/host.hpp"
#include "asterism/core/random.hpp"
#include "asterism/core/view.hpp"
#include "asterism/parallel/serial.hpp"
#include "asterism/quant/activation.hpp"
#include "asterism/quant/kernel_order.hpp"
#include "asterism/simd/integer_product.hpp"

#include "laws/law.hpp"
#include "support/device_memory.hpp"
#include "support/rows.hpp"

namespace asterism::laws {

/// At most how far what integer products take for a weight lies from the weight, in units of its block's scale.
template <simd::IntegerFormat Q>
double integer_error() {
  if (Q::KernelOrder::bits == 8) return 0;
  double most = 0;
  for (std::uint8_t code = 0; code < 16; ++code) {
    const std::uint8_t twice = static_cast<std::uint8_t>(code << 4U | code);
    float value = 0;
    Q::decode_codes(&twice, 0, 1, 1.0F, &value);
    const double taken = (double{Q::integer_shift} + Q::integers[code]) * double{Q::integer_unit};
    most = std::fmax(most, std::fabs(taken - double{value}));
  }
  return most;
}

/// How far output o of W x may lie from the exact sum over the decoded weights: an activation moves by half its
/// group's step at most (groups below 2^-100 become zeros), a weight by `integer_error` times its block's scale; and
/// the rounding of the sums. `step_scale` is 0 for activations that are whole steps.
template <simd::IntegerFormat Q, class Activation = quant::Int8Activations>
double activation8_bound(const backend::DeviceWeights<Q>& weights, const std::vector<float>& decoded,
                         std::size_t o, View<const float> x, double step_scale = 1) {
  constexpr std::size_t group = Activation::group;
  constexpr std::size_t block = Q::KernelOrder::block;
  const double rounding = static_cast<double>(x.size / group + x.size / block + 8) * 0x1p-24;
  const auto scales = Q::scales(weights.kernel_matrix().matrix());
  const quant::TiledRow row = quant::tiled_row(weights.kernel_matrix(), o);
  double bound = static_cast<double>(x.size) * 0x1p-149;
  for (std::size_t first = 0; first < x.size; first += group) {
    const std::size_t end = first + group < x.size ? first + group : x.size;
    double largest = 0;
    for (const float value : x.subview(first, end - first)) largest = std::fmax(largest, std::fabs(double{value}));
    const double half_step = step_scale * (largest < 0x1p-100 ? largest : largest / 127 / 2);
    for (std::size_t c = first; c < end; ++c) {
      const std::size_t b = c / block;
      const double moved = integer_error<Q>() * std::fabs(double{scales.at(row.scale(b), row.first_block + b)});
      const double weight = std::fabs(double{decoded[o * x.size + c]});
      const double activation = std::fabs(double{x[c]}) + half_step;
      bound += half_step * weight + moved * activation + rounding * (weight + moved) * activation;
    }
  }
  return bound;
}

/// A matrix on a device that takes activations in 8 bits.
template <simd::IntegerFormat Q, class Activation = quant::Int8Activations>
class Activation8Laboratory {
 public:
  using Device = backend::BasicHost<parallel::Serial, Activation>;
  static constexpr std::size_t outputs = 37;  // two tiles and a tail
  static constexpr std::size_t cols = std::size_t{3} * Q::KernelOrder::block;
  static constexpr std::size_t most_rows = 16;

  explicit Activation8Laboratory(const std::vector<float>& values) {
    const quant::FloatWeights source{values};
    device_.write(weights_, [&](const auto& host) { Q::encode(source, outputs, cols, host.data); });
    decoded_ = test::decoded(weights_);
    device_.reserve(most_rows, cols);
  }

  /// W x for every row of x, rows one behind the other.
  std::vector<float> product(std::vector<float> x) {
    const std::size_t rows = x.size() / cols;
    const auto y = memory_.result(rows, outputs);
    device_.product(weights_, {MatrixView<const float>(x.data(), rows, cols), 0}, y);
    return test::values(y);
  }

  /// No result lies further from the exact sums than the bound allows.
  void within_bound(const Law& law, const std::vector<float>& x, double step_scale = 1) {
    const std::vector<float> found = product(x);
    for (std::size_t i = 0; i < x.size() / cols; ++i) {
      const View<const float> row = View<const float>(x).subview(i * cols, cols);
      for (std::size_t o = 0; o < outputs; ++o) {
        double exact = 0;
        for (std::size_t c = 0; c < cols; ++c) exact += double{decoded_[o * cols + c]} * double{row[c]};
        const double error = std::fabs(double{found[i * outputs + o]} - exact);
        const double bound = activation8_bound<Q, Activation>(weights_, decoded_, o, row, step_scale);
        law.holds(error <= bound, "row ", i, ", output ", o, " is ", found[i * outputs + o], ", exactly ", exact,
                  ": off by ", error, ", bound ", bound, "; activations ", [&] { return some_of(row); });
      }
    }
  }

 private:
  Device device_{0, 16_MiB, std::make_shared<parallel::Serial>()};
  test::DeviceMemory<Device> memory_{device_};
  backend::DeviceWeights<Q> weights_ = memory_.template weights<Q>(outputs, cols);
  std::vector<float> decoded_;
};

/// Matrices to try: normal values, values of many magnitudes, and one weight a row, which shows how far an activation
/// moves by itself.
template <simd::IntegerFormat Q, class Activation = quant::Int8Activations>
std::vector<std::vector<float>> matrices_to_try() {
  constexpr std::size_t cols = Activation8Laboratory<Q, Activation>::cols;
  constexpr std::size_t count = Activation8Laboratory<Q, Activation>::outputs * cols;
  std::vector<std::vector<float>> all(2, test::random_row(count, 1, 0.02F));
  Random random(2);
  for (float& value : all[1]) value *= static_cast<float>(std::exp(2 * random.normal()));
  all.emplace_back(count, 0.0F);
  for (std::size_t o = 0; o * cols < count; ++o) all[2][o * cols + o * 7 % cols] = 0.5F;
  return all;
}

/// Rows of activations of many kinds: normal, heavy-tailed, one large value among small ones, tiny and below what
/// becomes zero, huge, zeros, and all of that in one row.
inline std::vector<float> activations_to_try(std::size_t cols) {
  Random random(3);
  constexpr std::size_t kinds = 8;
  std::vector<float> all(kinds * cols);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const double normal = random.normal();
    const std::size_t c = i % cols;
    const double each[kinds] = {normal,
                                normal * std::exp(2 * random.normal()),
                                c % 32 == 5 ? 1000 * normal : normal,
                                normal * 0x1p-100,
                                normal * 1e30,
                                normal * 0x1p-140,
                                0.0,
                                normal * std::exp(static_cast<double>(c / 32 % 9) * 14 - 70)};
    all[i] = static_cast<float>(each[i / cols]);
  }
  return all;
}

/// Results lie within the bound, whatever the weights and the activations are.
template <simd::IntegerFormat Q, class Activation = quant::Int8Activations>
void activations_move_by_half_a_step() {
  const Law law("an activation moves by half its group's step at most, and results by no more than that",
                model_name<Q>() + ", " + Activation::name());
  const std::vector<float> x = activations_to_try(Activation8Laboratory<Q, Activation>::cols);
  for (const std::vector<float>& values : matrices_to_try<Q, Activation>()) {
    Activation8Laboratory<Q, Activation>(values).within_bound(law, x);
  }
}

/// Whole numbers up to 127, which is the largest in every group, and their multiples by a power of two don't move.
template <simd::IntegerFormat Q, class Activation = quant::Int8Activations>
void whole_steps_do_not_move() {
  constexpr std::size_t cols = Activation8Laboratory<Q, Activation>::cols;
  Random random(4);
  std::vector<float> x(2 * cols);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const float whole = i % 32 == 9 ? 127.0F : static_cast<float>(random.below(255)) - 127;
    x[i] = i < cols ? whole : 0x1p-9F * whole;
  }
  const Law law("activations that are whole steps do not move", model_name<Q>() + ", " + Activation::name());
  for (const std::vector<float>& values : matrices_to_try<Q, Activation>()) {
    Activation8Laboratory<Q, Activation>(values).within_bound(law, x, 0);
  }
}

/// Where an activation is NaN or infinite every result of its row is NaN, and no other row hears of it.
template <simd::IntegerFormat Q, class Activation = quant::Int8Activations>
void what_is_no_number_spoils_its_row() {
  constexpr std::size_t cols = Activation8Laboratory<Q, Activation>::cols;
  constexpr std::size_t outputs = Activation8Laboratory<Q, Activation>::outputs;
  const Law law("where an activation is NaN or infinite its row is NaN, and no other",
                model_name<Q>() + ", " + Activation::name());
  Activation8Laboratory<Q, Activation> lab(matrices_to_try<Q, Activation>()[0]);
  const std::vector<float> clean = test::random_row(3 * cols, 5);
  const std::vector<float> expected = lab.product(clean);
  const float infinity = std::numeric_limits<float>::infinity();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const float bad : {nan, -nan, infinity, -infinity}) {
    for (const std::size_t c : {std::size_t{0}, std::size_t{31}, std::size_t{32}, cols - 1}) {
      std::vector<float> x = clean;
      x[cols + c] = bad;
      const std::vector<float> found = lab.product(x);
      for (std::size_t o = 0; o < outputs; ++o) {
        law.holds(std::isnan(found[outputs + o]), "activation ", c, " of row 1 is ", bad, ": output ", o, " is ",
                  found[outputs + o]);
        law.holds(found[o] == expected[o] && found[2 * outputs + o] == expected[2 * outputs + o], "activation ", c,
                  " of row 1 is ", bad, ": output ", o, " of row 0 or 2 changes");
      }
    }
  }
}

/// All laws.
template <simd::IntegerFormat Q, class Activation = quant::Int8Activations>
void activation8() {
  activations_move_by_half_a_step<Q, Activation>();
  whole_steps_do_not_move<Q, Activation>();
  what_is_no_number_spoils_its_row<Q, Activation>();
}

}  // namespace asterism::laws
