// Names of the room `residency`: experts that wait in slower memory.
#pragma once

#include <cstdint>

namespace asterism::residency {

struct SpillHeader;
enum class Verify : std::uint8_t;
struct SlotCounts;
class ExpertHomes;
class SpillFile;
class SpillWriter;

}  // namespace asterism::residency
