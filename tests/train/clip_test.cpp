// The norm of all gradients, its limit, and what is no number.
#include "asterism/train/clip.hpp"

#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/core/random.hpp"
#include "asterism/parallel/serial.hpp"
#include "asterism/parallel/threads.hpp"
#include "asterism/simd/stored_floats.hpp"

#include "support/files.hpp"

using namespace asterism;
using namespace asterism::train;

namespace {

/// Gradients of some tensors, without weights.
struct Gradients {
  std::vector<std::vector<float>> values;
  std::vector<Parameter> parameters;

  explicit Gradients(const std::vector<std::size_t>& sizes) : values(sizes.size()), parameters(sizes.size()) {
    Random random(1);
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      values[i].resize(sizes[i]);
      for (float& value : values[i]) value = static_cast<float>(random.normal());
      parameters[i].name = "tensor " + std::to_string(i);
      parameters[i].weights = {nullptr, 1, sizes[i]};
      parameters[i].gradient = {values[i].data(), 1, sizes[i]};
    }
  }
  double norm() const {
    long double sum = 0;
    for (const Parameter& one : parameters) {
      for (std::size_t i = 0; i < one.gradient.size(); ++i) {
        sum += static_cast<long double>(one.gradient[i]) * one.gradient[i];
      }
    }
    return static_cast<double>(std::sqrt(sum));
  }
};

const std::vector<std::size_t> sizes = {1, 7, 16384, 16385, 100003, 0};

}  // namespace

TEST_CASE("the norm is that of a plain sum, with the same bits for any number of threads") {
  Gradients gradients(sizes);
  std::vector<double> scratch(norm_pieces(100003));
  parallel::Serial serial;
  parallel::Threads threads(3);
  const double norm = gradient_norm(parallel::ExecutionRef(serial), gradients.parameters, 1, scratch);
  CHECK(norm == doctest::Approx(gradients.norm()).epsilon(1e-12));
  CHECK(norm == gradient_norm(parallel::ExecutionRef(threads), gradients.parameters, 1, scratch));
}

TEST_CASE("gradients above the limit are scaled to it, others keep their bits") {
  Gradients gradients(sizes);
  const Gradients before(sizes);
  std::vector<double> scratch(norm_pieces(100003));
  parallel::Threads threads(2);
  const parallel::ExecutionRef execution(threads);
  const double norm = clip_gradients(execution, gradients.parameters, before.norm() * 1.001, 1, scratch);
  CHECK(norm == doctest::Approx(before.norm()).epsilon(1e-12));
  CHECK(gradients.values == before.values);
  CHECK(clip_gradients(execution, gradients.parameters, 1.5, 1, scratch) == norm);
  CHECK(gradients.norm() == doctest::Approx(1.5).epsilon(1e-6));
  CHECK(gradients.parameters[1].gradient[3] == doctest::Approx(before.values[1][3] * 1.5 / norm).epsilon(1e-6));
}

TEST_CASE("gradients of the largest floats have a norm") {
  Gradients gradients({3});
  gradients.values[0] = {3e38F, 3e38F, -3e38F};
  std::vector<double> scratch(1);
  parallel::Serial serial;
  CHECK(clip_gradients(parallel::ExecutionRef(serial), gradients.parameters, 1, 1, scratch) ==
        doctest::Approx(std::sqrt(3.0) * 3e38));
  CHECK(gradients.norm() == doctest::Approx(1).epsilon(1e-5));
}

TEST_CASE("NaN and infinity are refused, with the step and the first tensor that has one") {
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    Gradients gradients(sizes);
    gradients.values[4][99999] = bad;
    gradients.values[3][16384] = -bad;
    const Gradients before = gradients;
    std::vector<double> scratch(norm_pieces(100003));
    parallel::Threads threads(2);
    test::check_error<NumericError>(
        [&] { clip_gradients(parallel::ExecutionRef(threads), gradients.parameters, 1, 17, scratch); },
        {"step 17", "'tensor 3'", "NaN or infinity"});
    CHECK(gradients.values[2] == before.values[2]);
  }
}

TEST_CASE("what is stored is no matter: factors count, and change alone") {
  Gradients gradients({100003, 7});
  std::vector<std::byte> stored(2 * 100003);
  Parameter& first = gradients.parameters[0];
  simd::store_floats(gradients.values[0], Storage::bfloat16, stored.data());
  first.gradient = {stored.data(), 1, 100003, Storage::bfloat16};
  first.gradient.factor = 0.5F;
  const std::vector<std::byte> before = stored;
  std::vector<double> scratch(norm_pieces(100003));
  parallel::Threads threads(2);
  const parallel::ExecutionRef execution(threads);
  const double expected = gradients.norm();
  CHECK(gradient_norm(execution, gradients.parameters, 1, scratch) == doctest::Approx(expected).epsilon(1e-12));
  CHECK(clip_gradients(execution, gradients.parameters, 1, 1, scratch) ==
        doctest::Approx(expected).epsilon(1e-12));
  CHECK(gradients.norm() == doctest::Approx(1).epsilon(1e-6));
  CHECK(stored == before);
  CHECK(first.gradient.factor == doctest::Approx(0.5 / expected));
  stored[200] = stored[201] = std::byte{0xFF};
  CHECK(measure_gradients(execution, gradients.parameters, scratch).not_finite == &first);
  first.gradient.clear(execution);
  CHECK(stored == std::vector<std::byte>(2 * 100003));
}

TEST_CASE("too little scratch and a limit of nothing are refused") {
  Gradients gradients(sizes);
  std::vector<double> scratch(norm_pieces(100003) - 1);
  parallel::Serial serial;
  const parallel::ExecutionRef execution(serial);
  test::check_error<InvalidArgument>([&] { gradient_norm(execution, gradients.parameters, 1, scratch); },
                                     {"'tensor 4'", "7 pieces", "found 6", "norm_pieces"});
  test::check_error<InvalidArgument>([&] { clip_gradients(execution, gradients.parameters, 0, 1, scratch); },
                                     {"limit", "found 0"});
}
