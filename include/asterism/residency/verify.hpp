// When what is read from a spill file is compared with its checksums.
#pragma once

#include <cstdint>

namespace asterism::residency {

/// When the checksum of a slab is compared.
enum class Verify : std::uint8_t {
  first,   ///< when it is read for the first time
  always,  ///< each time
  never
};

}  // namespace asterism::residency
