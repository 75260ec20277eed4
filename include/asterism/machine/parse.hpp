// A machine as a command line names it: "14GiB,14GiB,host:64GiB".
#pragma once

#include <string_view>

#include "asterism/core/config.hpp"
#include "asterism/machine/machine.hpp"

namespace asterism {

/// The machine of a list of devices, parted by commas, in the order in which layers pass through them: the memory
/// of an accelerator ("14GiB"), or of the host after "host:" ("host:64GiB"; "host" alone: what this machine has
/// free). Sizes as `parse_bytes` reads them: GiB are powers of 1024, GB powers of 1000. Throws InvalidArgument that
/// names the device and says what is accepted, also on a device without memory ("0,5GiB" is no half gibibyte) and on a size
/// below 1 MiB without a unit ("14" is a slip).
Machine parse_machine(std::string_view text);

}  // namespace asterism

#if !defined(ASTERISM_COMPILED)
#include "asterism/machine/parse_impl.hpp"
#endif
