// Fuzz target: any bytes as the header of a spill file, as they are and with the checksum made right, and with the size
// that the header describes. Only asterism::Error may be thrown, and what is accepted must be written back as the same
// bytes.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "asterism/core/error.hpp"
#include "asterism/file/crc32c.hpp"
#include "asterism/residency/spill_header.hpp"

using namespace asterism;
using residency::SpillHeader;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

void read(View<const std::byte> bytes, std::uint64_t file_bytes) {
  try {
    const SpillHeader header = residency::parse_spill_header(bytes, file_bytes, "fuzz");
    require(header.file_bytes() == file_bytes &&
            header.offset({header.layers - 1, header.experts - 1}) < file_bytes);
    const std::vector<std::byte> again = encode(header);
    require(std::equal(again.begin(), again.end(), bytes.begin()));
  } catch (const Error&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  read({reinterpret_cast<const std::byte*>(data), size}, size);
  std::vector<std::byte> sealed(SpillHeader::header_bytes);
  if (size > 0) std::memcpy(sealed.data(), data, std::min(size, sealed.size()));
  const std::uint32_t sum = file::crc32c(View<const std::byte>(sealed).subview(0, sealed.size() - 4));
  for (std::size_t i = 0; i < 4; ++i) sealed[sealed.size() - 4 + i] = static_cast<std::byte>(sum >> 8 * i & 0xFFU);
  read(sealed, size);
  const auto number = [&](std::size_t at) {
    std::uint32_t value = 0;
    std::memcpy(&value, sealed.data() + at, sizeof value);
    return static_cast<std::uint64_t>(value & 0xFFFFU);
  };
  std::uint64_t stride = 0;
  std::memcpy(&stride, sealed.data() + 40, sizeof stride);
  const std::uint64_t slabs = number(16) * number(20);
  read(sealed, SpillHeader::first_slab + slabs * stride + (slabs + 1) * 4);
  return 0;
}
