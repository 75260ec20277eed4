// GPUs as devices of a machine.
#include "asterism/cuda/this_machine.hpp"

#include <algorithm>

#include <doctest/doctest.h>

#include "asterism/cuda/memory_gauge.hpp"
#include "asterism/machine/machine.hpp"

using namespace asterism;

TEST_CASE("every GPU is an accelerator with what it has free, less the reserve") {
  const Machine machine = cuda::this_machine(1_GiB);
  CHECK(machine.devices ==
        std::min<std::size_t>(Machine::max_devices, static_cast<std::size_t>(cuda::gpu_count())));
  for (std::size_t d = 0; d < machine.devices; ++d) {
    CHECK(!machine.is_host(d));
    CHECK(machine.capacity[d] + 1_GiB <= Bytes{cuda::gpu_memory(static_cast<int>(d)).total});
  }
  CHECK(cuda::this_machine(Bytes{std::uint64_t{1} << 50U}).capacity[0] == 0_B);
}

TEST_CASE("a gauge reads a GPU's memory") {
  const machines::MemoryGauge gauge = cuda::memory_gauge(0);
  CHECK(gauge.name == "GPU 0");
  const machines::MemoryUse use = gauge.read();
  CHECK(use.limit == Bytes{cuda::gpu_memory(0).total});
  CHECK(use.used <= use.limit);
}
