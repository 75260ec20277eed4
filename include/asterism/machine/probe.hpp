// Queries the memory of this machine.
#pragma once

#include "asterism/core/config.hpp"
#include "asterism/machine/machine.hpp"

namespace asterism::machines {

/// This machine as one host device, with the memory that the system can hand out now without swapping. Source:
/// proc(5), MemAvailable. Throws FileError if /proc/meminfo does not provide it.
Machine this_machine();

}  // namespace asterism::machines

#if !defined(ASTERISM_COMPILED)
#include "asterism/machine/probe_impl.hpp"
#endif
