// cuda::Backend obeys the laws of all backends, and those of the optional families; its carrier those of carriers.
#include <memory>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/cuda/backend.hpp"
#include "asterism/cuda/carrier.hpp"
#include "asterism/residency/carrier.hpp"

#include "laws/adapter_laws.hpp"
#include "laws/backend_laws.hpp"
#include "laws/carrier_laws.hpp"
#include "laws/recurrent_laws.hpp"

using namespace asterism;

TEST_CASE("cuda::Backend obeys the laws") { laws::backend<cuda::Backend>(); }
TEST_CASE("cuda::Backend obeys the recurrent laws") { laws::recurrent<cuda::Backend>(); }
TEST_CASE("cuda::Backend obeys the adapters' laws") { laws::adapters<cuda::Backend>(); }

static_assert(residency::Carrier<cuda::Carrier>);

TEST_CASE("the carrier of a GPU obeys the laws") {
  const laws::CarrierHomes homes;
  cuda::Backend device(0, Bytes{4 * laws::CarrierHomes::bytes}, std::make_shared<cuda::Peers>());
  const backend::Buffer memory = device.allocate(Bytes{3 * laws::CarrierHomes::bytes}, "slots");
  cuda::Carrier carrier(device, homes.get());
  laws::carrier(carrier, memory.data(), [&](View<std::byte> slot) {
    const MatrixView<float> words(reinterpret_cast<float*>(slot.data), 1, slot.size / sizeof(float));
    const auto [bytes] = device.read(backend::DeviceMatrix<float>{words, 0});
    const auto* const first = reinterpret_cast<const std::byte*>(bytes.data);
    return std::vector<std::byte>(first, first + slot.size);
  });
}

TEST_CASE("a GPU takes no experts from a disk") {
  const residency::SpillHeader header{.model_type = "m",
                                      .format = "f",
                                      .layers = 2,
                                      .experts = 4,
                                      .hidden = 1,
                                      .ffn = 1,
                                      .slab_bytes = 4096,
                                      .fingerprint = 1};
  cuda::Backend device(0, 1_MiB, std::make_shared<cuda::Peers>());
  CHECK_THROWS_WITH_AS(cuda::Carrier(device, std::make_shared<residency::ExpertHomes>(header)),
                       doctest::Contains("those of layer 0 among those with experts wait on a disk"), Unsupported);
}
