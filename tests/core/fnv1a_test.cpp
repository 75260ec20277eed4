// FNV-1a gives the hashes that its authors published.
#include "asterism/core/fnv1a.hpp"

#include <cstdint>
#include <string_view>

#include <doctest/doctest.h>

using asterism::Fnv1a;

namespace {

constexpr std::uint64_t hash(std::string_view bytes) {
  Fnv1a hash;
  hash.add(bytes);
  return hash.value();
}

static_assert(hash("") == 0xCBF29CE484222325U);
static_assert(hash("a") == 0xAF63DC4C8601EC8CU);
static_assert(hash("foobar") == 0x85944171F73967E8U);

}  // namespace

TEST_CASE("bytes count as unsigned, numbers as their bytes, and ends differ from all bytes") {
  Fnv1a one;
  one.add("\xff");
  Fnv1a other;
  other.add(std::uint64_t{0xFF});
  CHECK(one.value() == other.value());
  Fnv1a number;
  number.add_number(0x0102);
  Fnv1a bytes;
  bytes.add(std::string_view("\x02\x01\0\0\0\0\0\0", 8));
  CHECK(number.value() == bytes.value());
  Fnv1a ended;
  ended.add(0x100U);
  for (std::uint64_t byte = 0; byte < 256; ++byte) {
    Fnv1a with;
    with.add(byte);
    CHECK(with.value() != ended.value());
  }
}
