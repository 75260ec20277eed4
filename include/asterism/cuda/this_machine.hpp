// Queries the GPUs of this machine.
#pragma once

#include "asterism/core/bytes.hpp"
#include "asterism/cuda/queue.hpp"
#include "asterism/machine/machine.hpp"

namespace asterism::cuda {

/// The GPUs that this process can use, at most Machine::max_devices, in order, each with its currently free memory
/// less `reserve`, which CUDA takes besides the arenas. For LoadOptions::machine. Throws CudaError if there is
/// none.
inline Machine this_machine(Bytes reserve = 512_MiB) {
  const int gpus = gpu_count();
  if (gpus == 0) throw CudaError("this machine has no GPU that CUDA can use, or no driver for it");
  Machine machine;
  for (int gpu = 0; gpu < gpus && machine.devices < Machine::max_devices; ++gpu) {
    const Bytes free{gpu_memory(gpu).free};
    machine.add(free > reserve ? free - reserve : Bytes{}, DeviceKind::accelerator);
  }
  return machine;
}

}  // namespace asterism::cuda
