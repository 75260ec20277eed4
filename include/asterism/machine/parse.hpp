// Parses machines given on a command line: "14GiB,14GiB,host:64GiB", "host:12GiB@20GB/s,disk:30GB@1GB/s".
#pragma once

#include <string_view>

#include "asterism/core/config.hpp"
#include "asterism/machine/machine.hpp"

namespace asterism {

/// Parses a comma-separated list of devices, in the order in which layers pass through them: the memory of an
/// accelerator ("14GiB") or the name of a card (`machines::cards`: "rtx_3090"), or the memory of the host after
/// "host:" ("host:64GiB"; "host" alone: the free memory of this machine). After "disk:" the room on a disk, once.
/// Behind each "@" what is read of it in a second ("@1GB/s"), or what a device computes at most: operations on
/// 8-bit integers ("@400GOP/s") and on float32 ("@150GFLOP/s"); see Machine. Sizes as in `parse_bytes`: GiB are
/// powers of 1024, GB powers of 1000; rates need a unit, and may be in T ("@1.5TB/s"). Throws InvalidArgument
/// naming the device and what is accepted, also for a device without memory ("0,5GiB" is not half a gibibyte), for
/// a size below 1 MiB without a unit ("14" is a typing error), and for no device but a disk.
Machine parse_machine(std::string_view text);

/// Parses what one device sends another in a second and, behind a plus, how long it takes until the first of it arrives
/// ("12GB/s", "12GB/s+20us"), into `machine`. Throws InvalidArgument saying what is accepted.
void parse_link(std::string_view text, Machine& machine);

}  // namespace asterism

#if !defined(ASTERISM_COMPILED)
#include "asterism/machine/parse_impl.hpp"
#endif
