// Ten steps of an optimizer as tests/golden/train_optimizers.py takes them.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/bytes.hpp"
#include "asterism/parallel/execution_ref.hpp"
#include "asterism/parallel/serial.hpp"
#include "asterism/train/optimizer.hpp"
#include "asterism/train/parameter.hpp"

#include "support/golden.hpp"
#include "support/relative_difference.hpp"

namespace asterism::test {

/// Memory that begins at a multiple of 64 bytes.
class Lines {
 public:
  explicit Lines(Bytes size) : storage_((size.count + 63) / 64), size_(size.count) {}
  View<std::byte> view() { return {reinterpret_cast<std::byte*>(storage_.data()), size_}; }

 private:
  struct alignas(64) Line {
    std::byte bytes[64];
  };
  std::vector<Line> storage_;
  std::size_t size_;
};

/// Takes the golden steps of `name` and calls check(step, parameter) after each that the file shows; weights agree
/// within `tolerance` of the largest.
template <train::Optimizer O, class Check>
void golden_steps(const O& optimizer, const std::string& name, train::Kind kind, bool decays, double tolerance,
                  const Check& check) {
  const Golden golden("train/optimizers.safetensors");
  std::vector<float> weights = golden.values<float>(name + "/weights");
  const std::size_t rows = golden.shape(name + "/weights")[0];
  const std::size_t cols = golden.shape(name + "/weights")[1];
  const std::vector<float> gradients = golden.values<float>(name + "/gradients");
  Lines state(O::state_bytes(kind, rows, cols));
  Lines work(O::work_bytes(kind, rows, cols));
  std::vector<float> gradient(weights.size());
  train::Parameter parameter{.name = name,
                             .weights = {weights.data(), rows, cols},
                             .gradient = {gradient.data(), rows, cols},
                             .state = state.view(),
                             .decays = decays,
                             .kind = kind};
  optimizer.initialise(parameter);
  parallel::Serial serial;
  for (std::int64_t step = 1; step <= 10; ++step) {
    const auto begin = gradients.begin() + (step - 1) * static_cast<std::ptrdiff_t>(weights.size());
    std::copy(begin, begin + static_cast<std::ptrdiff_t>(weights.size()), gradient.begin());
    const auto rate = static_cast<float>(1e-3 * static_cast<double>(step) / 10);
    optimizer.update(parallel::ExecutionRef(serial), parameter, step, rate, work.view());
    const std::string shown = name + "/" + std::to_string(step);
    if (!golden.has(shown + "/weights")) continue;
    CAPTURE(shown);
    const double difference = relative_difference(weights, golden.values<float>(shown + "/weights"));
    CHECK(difference <= tolerance);
    check(golden, shown, parameter);
  }
}

/// The floats that begin `offset` bytes into a state.
inline std::vector<float> floats_at(const train::Parameter& parameter, std::size_t offset, std::size_t count) {
  const auto* first = reinterpret_cast<const float*>(parameter.state.data + offset);
  return {first, first + count};
}

}  // namespace asterism::test
