#include "asterism/backend/host_encoder.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/backend/training_host.hpp"
#include "asterism/core/error.hpp"
#include "asterism/parallel/threads.hpp"

#include "laws/encoder_adjoint_laws.hpp"

using namespace asterism;

namespace {

std::unique_ptr<backend::TrainingHost> host(std::size_t threads) {
  auto out = std::make_unique<backend::TrainingHost>(3, 256_MiB, std::make_shared<parallel::Threads>(threads));
  out->reserve_training(laws::adjoint_extent);
  return out;
}

/// Lets the mean of a row pass.
struct Mistaken : backend::TrainingHost {
  using Host = backend::TrainingHost;
  using Host::Host;
  void layer_norm_backward(backend::DeviceMatrix<const float> x, backend::DeviceMatrix<const float> weight,
                           float epsilon, backend::DeviceMatrix<const float> dy, backend::DeviceMatrix<float> dx,
                           backend::DeviceMatrix<float> dweight, backend::DeviceMatrix<float> dbias) {
    Host::layer_norm_backward(x, weight, epsilon, dy, dx, dweight, dbias);
    for (std::size_t i = 0; i < dx.rows() * dx.cols(); ++i) dx.view.data[i] += 1e-3F;
  }
};

/// Only rows that came before are seen.
struct Causal : backend::TrainingHost {
  using Host = backend::TrainingHost;
  using Host::Host;
  void attend_both_ways(backend::DeviceMatrix<const float> queries, const backend::Sequences& of_queries,
                        backend::DeviceMatrix<const float> keys, backend::DeviceMatrix<const float> values,
                        const backend::Sequences& of_keys, std::size_t head_dim,
                        backend::DeviceMatrix<float> out) {
    if (queries.rows() != keys.rows()) {
      return Host::attend_both_ways(queries, of_queries, keys, values, of_keys, head_dim, out);
    }
    attend_packed(queries, keys, values, head_dim, of_queries, 0, out);
  }
};

}  // namespace

TEST_CASE("the host's operations of encoders and their gradients") { laws::encoder_adjoint(host); }

TEST_CASE("operands that do not fit are refused by the operation's name") {
  const auto device = host(1);
  test::DeviceMemory<backend::TrainingHost> memory(*device);
  const auto x = memory.normal(4, 8);
  const auto y = memory.normal(4, 6);
  CHECK_THROWS_WITH_AS(device->gelu(x, y), doctest::Contains("gelu"), InvalidArgument);
  CHECK_THROWS_WITH_AS(device->layer_norm(x, y, y, 1, x), doctest::Contains("layer_norm"), InvalidArgument);
  backend::DeviceMatrix<float> elsewhere = x;
  elsewhere.device = 1;
  CHECK_THROWS_AS(device->sigmoid(x, elsewhere), WrongDevice);
  const std::vector<std::uint32_t> whole{4}, halves{2, 4}, others{3};
  const auto attend = [&](const auto& of_queries, const auto& of_keys) {
    device->attend_both_ways(x, {of_queries}, x, x, {of_keys}, 8, x);
  };
  CHECK_THROWS_AS(attend(whole, halves), InvalidArgument);
  CHECK_THROWS_AS(attend(others, whole), InvalidArgument);
  const std::vector<std::int32_t> numbers(3);
  CHECK_THROWS_WITH_AS(device->dropout({.rate = 0.1F}, numbers, x), doctest::Contains("dropout"), InvalidArgument);
}

TEST_CASE("a wrong gradient is found" * doctest::should_fail()) {
  Mistaken device(0, 256_MiB, std::make_shared<parallel::Threads>(1));
  device.reserve_training(laws::adjoint_extent);
  laws::encoder_row_gradients(device);
}

TEST_CASE("so is a mask" * doctest::should_fail()) {
  Causal device(0, 256_MiB, std::make_shared<parallel::Threads>(1));
  device.reserve_training(laws::adjoint_extent);
  laws::both_ways_gradients(device);
}
