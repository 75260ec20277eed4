// asterism.hpp and the backend for GPUs, compiled by the C++ compiler: a plan, and a sum on a GPU where there is one.
#include <asterism/asterism.hpp>
#include <asterism/cuda/backend.hpp>
#include <cstdio>
#include <memory>

using namespace asterism;

struct OnGpus : Blueprint {
  static constexpr Shape shape = shapes::mixtral_8x7b;
  using Backend = cuda::Backend;
};
static_assert(fits<OnGpus, machines::dual_16gb, 14_GiB>());

int main() try {
  cuda::Backend device(0, 1_MiB, std::make_shared<cuda::Peers>(1));
  const backend::Buffer buffer = device.allocate(1_KiB, "example");
  const auto x = backend::matrix_in<float>(buffer, 0, 1, 4);
  float values[] = {1, 2, 3, 4};
  device.upload(MatrixView<const float>(values, 1, 4), x);
  device.add(x, x);
  device.download(x, MatrixView<float>(values, 1, 4));
  std::printf("%g %g %g %g\n", values[0], values[1], values[2], values[3]);
  return values[0] == 2 && values[3] == 8 ? 0 : 1;
} catch (const cuda::CudaError& error) {
  std::printf("no sum was made: %s\n", error.what());
}
