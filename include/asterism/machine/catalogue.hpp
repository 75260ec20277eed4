// Common machines. A card sold as 16 GB has 16 GiB of memory.
#pragma once

#include <string_view>

#include "asterism/core/bytes.hpp"
#include "asterism/machine/machine.hpp"

namespace asterism::machines {

/// Two cards with 16 GB each (RTX 4060 Ti 16GB, V100, T4, A4000).
inline constexpr Machine dual_16gb = equal_devices(2, 16_GiB);
/// One card with 16 GB.
inline constexpr Machine single_16gb = equal_devices(1, 16_GiB);
/// One RTX 3090 or 4090.
inline constexpr Machine rtx_3090 = equal_devices(1, 24_GiB);
/// Two RTX A6000 with 48 GB each.
inline constexpr Machine dual_a6000 = equal_devices(2, 48_GiB);
/// A 16 GB card of which 14 GiB are free, beside 90 GiB of main memory.
inline constexpr Machine vram14_ram90 = [] {
  Machine machine = equal_devices(1, 14_GiB);
  machine.add(90_GiB, DeviceKind::host);
  return machine;
}();

/// 12 GiB of main memory, and 30 GB of a disk for experts that take turns in it.
inline constexpr Machine ram12_disk30 = [] {
  Machine machine;
  machine.add(12_GiB, DeviceKind::host);
  machine.disk = 30_GB;
  return machine;
}();

/// A card as its maker describes it; drivers and error correction take a part of the memory.
struct Card {
  std::string_view name;
  Bytes memory;
  Bytes rate;  ///< of its memory in a second
};

/// Cards by the names that `parse_machine` takes. What they compute in a second is not here: no kernel of the toolkit
/// has been measured on one. Source: NVIDIA's data sheets.
inline constexpr Card cards[] = {
    {"t4", 16_GiB, 320_GB},
    {"v100_16gb", 16_GiB, 900_GB},
    {"rtx_3090", 24_GiB, 936_GB},
    {"rtx_4090", 24_GiB, 1008_GB},
    {"rtx_4060_ti_16gb", 16_GiB, 288_GB},
    {"rtx_a6000", 48_GiB, 768_GB},
    {"l4", 24_GiB, 300_GB},
    {"l40s", 48_GiB, 864_GB},
    {"a100_80gb", 80_GiB, 2039_GB},
    {"h100_80gb", 80_GiB, 3350_GB},
};

}  // namespace asterism::machines
