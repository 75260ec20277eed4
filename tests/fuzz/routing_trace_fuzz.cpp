// Fuzz target: any bytes as a routing trace, as they are and with the checksum made right, so that what lies behind it
// is reached. Only asterism::Error may be thrown, and what is accepted must be written back as the same bytes, except
// that a file of version 2 with nothing that needs it becomes one of version 1.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "asterism/file/crc32.hpp"
#include "asterism/lab/read_routing_trace.hpp"

using namespace asterism;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

void read(View<const std::byte> bytes) {
  try {
    const lab::RoutingTrace trace = lab::parse_routing_trace(bytes, "fuzz");
    const std::vector<std::byte> again = trace.encode();
    if (std::to_integer<std::uint32_t>(bytes[8]) == trace.version()) {
      require(again.size() == bytes.size && std::equal(again.begin(), again.end(), bytes.begin()));
    } else {
      require(trace.version() == 1 && lab::parse_routing_trace(again, "again") == trace);
    }
  } catch (const Error&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto* first = reinterpret_cast<const std::byte*>(data);
  read({first, size});
  if (size < 4) return 0;
  std::vector<std::byte> sealed(first, first + size);
  const std::uint32_t sum = file::crc32(View<const std::byte>(sealed).subview(0, size - 4));
  for (std::size_t i = 0; i < 4; ++i) sealed[size - 4 + i] = static_cast<std::byte>(sum >> 8 * i & 0xFFU);
  read(sealed);
  return 0;
}
