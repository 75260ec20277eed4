// What this machine has.
#pragma once

#include "asterism/core/config.hpp"
#include "asterism/machine/machine.hpp"

namespace asterism::machines {

/// The memory of this machine as one host device: what the system could hand out now without swapping.
/// Source: proc(5), MemAvailable. Throws FileError where /proc/meminfo does not tell.
Machine this_machine();

}  // namespace asterism::machines

#if !defined(ASTERISM_COMPILED)
#include "asterism/machine/probe_impl.hpp"
#endif
