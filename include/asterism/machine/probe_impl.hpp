// Bodies of probe.hpp.
#pragma once

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/machine/probe.hpp"
#include "asterism/machine/system_memory.hpp"

namespace asterism::machines {

ASTERISM_INLINE Machine this_machine() {
  try {
    Machine machine;
    machine.add(SystemMemory().read().memory.available, DeviceKind::host);
    return machine;
  } catch (const Error& error) {
    throw FileError(concat(error.what(), "; or give the machine's devices in LoadOptions::machine"));
  }
}

}  // namespace asterism::machines
