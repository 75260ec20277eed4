// Memory of GPUs for a monitor.
#pragma once

#include "asterism/core/format.hpp"
#include "asterism/cuda/queue.hpp"
#include "asterism/machine/memory_monitor.hpp"

namespace asterism::cuda {

/// The memory of a GPU, by its number among those that this process can use, with what other processes have of it; for
/// machines::MonitorOptions::gauges. Reading it throws CudaError where CUDA does.
inline machines::MemoryGauge memory_gauge(int gpu) {
  return {concat("GPU ", gpu), [gpu] {
            const auto memory = gpu_memory(gpu);
            return machines::MemoryUse{{memory.total - memory.free}, {memory.total}};
          }};
}

}  // namespace asterism::cuda
