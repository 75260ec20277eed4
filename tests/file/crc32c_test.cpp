// CRC-32C against published values, with and without the instruction.
#include "asterism/file/crc32c.hpp"

#include <string>

#include <doctest/doctest.h>

#include "asterism/core/random.hpp"

#include "support/files.hpp"

using namespace asterism;
using file::crc32c;
using test::as_bytes;

TEST_CASE("known checksums") {
  CHECK(crc32c({}) == 0);
  CHECK(crc32c(as_bytes("123456789")) == 0xE3069283U);              // the check value of CRC catalogues
  CHECK(crc32c(as_bytes(std::string(32, '\0'))) == 0x8A9136AAU);    // RFC 3720, appendix B.4
  CHECK(crc32c(as_bytes(std::string(32, '\xFF'))) == 0x62A8AB43U);  // the same
  std::string ascending;
  for (int i = 0; i < 32; ++i) ascending += static_cast<char>(i);
  CHECK(crc32c(as_bytes(ascending)) == 0x46DD794EU);  // the same
}

TEST_CASE("the instruction gives what the table gives, and parts give the whole") {
  Random random(1);
  std::string bytes;
  for (int i = 0; i < 1000; ++i) bytes += static_cast<char>(random() & 0xFFU);
  const View<const std::byte> all = as_bytes(bytes);
  for (std::size_t first = 0; first < 20; ++first) {
    for (const std::size_t count : {0U, 1U, 7U, 8U, 9U, 63U, 64U, 500U, 980U}) {
      const auto part = all.subview(first, count);
      CHECK(crc32c(part) == file::detail::crc32c_by_table(part, 0));
      CHECK(crc32c(all.subview(first + count, 20 - first), crc32c(part)) ==
            crc32c(all.subview(first, count + 20 - first)));
    }
  }
}
