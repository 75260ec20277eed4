// Fuzz target: any bytes as a device map. Only asterism::Error may be thrown, by the reader; the validator throws
// nothing, and its repair is sound wherever it fits.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "asterism/checkpoint/huggingface/device_map.hpp"
#include "asterism/machine/machine.hpp"
#include "asterism/placement/balanced.hpp"
#include "asterism/placement/map_check.hpp"

using namespace asterism;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  constexpr Shape shape{.layers = 3, .experts = 2};
  placement::MemoryFootprint footprint;
  footprint.layers = shape.layers;
  footprint.add(placement::PartKind::attention, 1, Bytes{5});
  footprint.add(placement::PartKind::experts, 2, Bytes{10});
  footprint.embedding = {20};
  footprint.head = {20};
  footprint.tied = size % 2 == 0;
  footprint.code_bits = 4;
  Machine machine = equal_devices(2, Bytes{90});
  machine.add(Bytes{100}, DeviceKind::host);
  placement::DeviceMap map;
  try {
    map = checkpoint::parse_device_map(text, "fuzz", shape, machine);
  } catch (const Error&) {
    return 0;
  }
  using Policy = placement::AcceleratorsFirst<placement::Balanced>;
  const placement::MapCheck answer = placement::validate<Policy>(map, footprint, machine);
  to_string(answer);
  if (!answer.plan.fits() || !placement::validate<Policy>(map_of(answer.plan), footprint, machine).sound())
    std::abort();
  return 0;
}
