// Fuzz target: any bytes as an expert profile, as they are and with the checksum made right. Only asterism::Error may
// be thrown, and what is accepted must be written back as the same bytes.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "asterism/core/error.hpp"
#include "asterism/file/crc32c.hpp"
#include "asterism/residency/expert_profile.hpp"

using namespace asterism;

namespace {

void read(const std::vector<std::byte>& bytes) {
  try {
    const auto profile = residency::parse_expert_profile(bytes, "fuzz");
    if (encode(profile) != bytes || profile.of_groups(0, profile.layers).size != profile.uses.size()) std::abort();
  } catch (const Error&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<std::byte> bytes(size);
  std::transform(data, data + size, bytes.begin(), [](std::uint8_t byte) { return std::byte{byte}; });
  read(bytes);
  if (size < 4) return 0;
  const std::uint32_t sum = file::crc32c(View<const std::byte>(bytes).subview(0, size - 4));
  for (std::size_t i = 0; i < 4; ++i) bytes[size - 4 + i] = static_cast<std::byte>(sum >> 8 * i & 0xFFU);
  read(bytes);
  return 0;
}
