// The header of spill files: there and back, and every fault by name.
#include "asterism/residency/spill_header.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/file/crc32c.hpp"

#include "support/files.hpp"

using namespace asterism;
using residency::parse_spill_header;
using residency::SpillHeader;
using test::check_error;

namespace {

SpillHeader some() {
  return {.model_type = "mixtral",
          .format = "nf4, block 64",
          .layers = 3,
          .experts = 5,
          .hidden = 48,
          .ffn = 72,
          .slab_bytes = 5000,
          .fingerprint = 0x123456789ABCDEF0U};
}

/// The bytes after a change, with a sum that is right.
std::vector<std::byte> changed(const std::function<void(std::vector<std::byte>&)>& change) {
  std::vector<std::byte> bytes = encode(some());
  change(bytes);
  const std::uint32_t sum = file::crc32c(View<const std::byte>(bytes).subview(0, bytes.size() - 4));
  for (std::size_t i = 0; i < 4; ++i) bytes[bytes.size() - 4 + i] = static_cast<std::byte>(sum >> 8 * i & 0xFFU);
  return bytes;
}

std::vector<std::byte> with_byte(std::size_t at, int value) {
  return changed([&](std::vector<std::byte>& bytes) { bytes[at] = static_cast<std::byte>(value); });
}

}  // namespace

TEST_CASE("places follow from the sizes") {
  const SpillHeader header = some();
  CHECK(header.stride() == 8192);
  CHECK(header.slabs() == 15);
  CHECK(header.offset({0, 0}) == 2 << 20);
  CHECK(header.offset({1, 2}) == (2 << 20) + 7 * 8192);
  CHECK(header.sums_offset() == (2 << 20) + 15 * 8192);
  CHECK(header.file_bytes() == header.sums_offset() + 16 * 4);
}

TEST_CASE("what is written is read") {
  const SpillHeader header = some();
  const std::vector<std::byte> bytes = encode(header);
  CHECK(bytes.size() == SpillHeader::header_bytes);
  CHECK(parse_spill_header(bytes, header.file_bytes(), "f") == header);
}

TEST_CASE("a damaged header is refused by name") {
  const std::uint64_t size = some().file_bytes();
  const auto refuse = [&](const std::vector<std::byte>& bytes, std::initializer_list<std::string_view> parts,
                          std::uint64_t file_bytes) {
    check_error<FormatError>([&] { parse_spill_header(bytes, file_bytes, "dir/spill"); }, parts);
  };
  const std::vector<std::byte> sound = encode(some());
  refuse({sound.begin(), sound.begin() + 100}, {"dir/spill", "100 bytes", "4096"}, 100);
  refuse(with_byte(0, 'B'), {"ASTSPILL"}, size);
  refuse(with_byte(16, 0), {"layers is 0", "1 to 512"}, size);
  refuse(with_byte(18, 1), {"layers is 65539"}, size);
  refuse(with_byte(19, 255), {"layers is -1"}, size);
  refuse(with_byte(20, 0), {"experts is 0"}, size);
  refuse(with_byte(24, 0), {"hidden is 0"}, size);
  refuse(with_byte(28, 0), {"ffn is 0"}, size);
  refuse(with_byte(39, 255), {"the bytes of a slab is"}, size);
  refuse(with_byte(40, 1), {"stride is 8193", "8192"}, size);
  refuse(with_byte(48, 1), {"first slab's offset"}, size);
  refuse(with_byte(64 + 30, 'x'), {"behind the end of a text", "64"}, size);
  refuse(changed([](auto& bytes) { std::fill(bytes.begin() + 128, bytes.begin() + 192, std::byte{'y'}); }),
         {"does not end", "192"}, size);
  refuse(with_byte(1000, 1), {"byte 1000", "not zero"}, size);
  refuse(sound, {"not complete", std::to_string(size)}, size - 1);
  refuse(sound, {"not complete"}, size + 1);
  std::vector<std::byte> flipped = sound;
  flipped[60] ^= std::byte{4};
  refuse(flipped, {"checksum of the header", "damaged"}, size);
  check_error<Unsupported>([&] { parse_spill_header(with_byte(8, 2), size, "f"); },
                           {"version 2", "write it again"});
  check_error<Unsupported>([&] { parse_spill_header(with_byte(12, 9), size, "f"); }, {"kernel order 9"});
}

TEST_CASE("a header that no file can have is not written") {
  const auto refuse = [](const std::function<void(SpillHeader&)>& change, std::string_view says) {
    SpillHeader header = some();
    change(header);
    check_error<InvalidArgument>([&] { encode(header); }, {says});
  };
  refuse([](SpillHeader& h) { h.layers = 0; }, "layers is 0");
  refuse([](SpillHeader& h) { h.layers = 513; }, "layers is 513");
  refuse([](SpillHeader& h) { h.experts = -1; }, "experts is -1");
  refuse([](SpillHeader& h) { h.slab_bytes = 0; }, "slab is 0");
  refuse([](SpillHeader& h) { h.slab_bytes = std::numeric_limits<std::uint64_t>::max(); }, "slab is");
  refuse([](SpillHeader& h) { h.format = std::string(64, 'x'); }, "texts of 63 bytes");
  refuse([](SpillHeader& h) { h.model_type = std::string("a\0b", 3); }, "texts");
}

TEST_CASE("the experts of another model, or in another format, are refused by the field") {
  const auto refuse = [](const std::function<void(SpillHeader&)>& change, std::string_view says) {
    SpillHeader other = some();
    change(other);
    check_error<FormatError>([&] { check_same(other, some(), "dir/spill"); },
                             {"dir/spill", says, "write a spill file"});
  };
  CHECK_NOTHROW(check_same(some(), some(), "f"));
  refuse([](SpillHeader& h) { h.model_type = "qwen3_moe"; }, "model_type is qwen3_moe");
  refuse([](SpillHeader& h) { h.format = "int4"; }, "format is int4");
  refuse([](SpillHeader& h) { h.layers = 4; }, "number of layers is 4");
  refuse([](SpillHeader& h) { h.experts = 4; }, "number of experts is 4");
  refuse([](SpillHeader& h) { h.hidden = 4; }, "hidden size is 4");
  refuse([](SpillHeader& h) { h.ffn = 4; }, "inner width is 4");
  refuse([](SpillHeader& h) { h.slab_bytes = 4; }, "slab size is 4");
  refuse([](SpillHeader& h) { h.fingerprint = 4; }, "fingerprint is 4");
}
