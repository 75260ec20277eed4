#include "asterism/backend/training_host.hpp"

#include <memory>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/parallel/threads.hpp"

#include "laws/adjoint_laws.hpp"

using namespace asterism;

namespace {

std::unique_ptr<backend::TrainingHost> host(std::size_t threads) {
  auto out = std::make_unique<backend::TrainingHost>(3, 256_MiB, std::make_shared<parallel::Threads>(threads));
  out->reserve_training(laws::adjoint_extent);
  return out;
}

}  // namespace

TEST_CASE("the host's gradients are derivatives") { laws::adjoint(host); }

TEST_CASE("it draws what it says") {
  const auto device = host(2);
  CHECK(device->arena().used() == backend::TrainingHost::training_scratch(laws::adjoint_extent));
  CHECK(device->arena().held_by("training scratch") == device->arena().used());
}

TEST_CASE("operands that do not fit are refused by the operation's name") {
  const auto device = host(1);
  test::DeviceMemory<backend::TrainingHost> memory(*device);
  const auto x = memory.normal(4, 8);
  const auto y = memory.normal(4, 6);
  CHECK_THROWS_WITH_AS(device->silu_multiply_backward(x, y, y), doctest::Contains("silu_multiply_backward"),
                       InvalidArgument);
  backend::DeviceMatrix<float> elsewhere = x;
  elsewhere.device = 1;
  CHECK_THROWS_AS(device->relu_backward(x, elsewhere), WrongDevice);
  const auto long_rows = memory.normal(301, 8);
  const std::vector<std::uint32_t> ends{301};
  const auto attend = [&](const backend::DeviceMatrix<float>& of, const std::vector<std::uint32_t>& cut) {
    device->attend_packed(of, of, of, 8, backend::Sequences{cut}, 0, of);
  };
  CHECK_THROWS_WITH_AS(attend(long_rows, ends), doctest::Contains("exceed what was reserved"), InvalidArgument);
  CHECK_THROWS_AS(attend(x, {2, 2, 4}), InvalidArgument);
  CHECK_THROWS_AS(attend(x, {2, 3}), InvalidArgument);
}
