// CRC-32 against published values and zlib's.
#include "asterism/file/crc32.hpp"

#include <string>

#include <doctest/doctest.h>

#include "support/files.hpp"

using namespace asterism;
using file::crc32;
using test::as_bytes;

TEST_CASE("known checksums") {
  CHECK(crc32({}) == 0);
  CHECK(crc32(as_bytes("123456789")) == 0xCBF43926U);  // the check value of CRC catalogues
  CHECK(crc32(as_bytes("a")) == 0xE8B7BE43U);          // zlib.crc32
  CHECK(crc32(as_bytes("The quick brown fox jumps over the lazy dog")) == 0x414FA339U);
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(static_cast<unsigned char>(i));
  CHECK(crc32(as_bytes(all)) == 0x29058C73U);  // zlib.crc32(bytes(range(256)))
}
