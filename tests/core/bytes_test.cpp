// Sizes of memory: arithmetic, literals, rounding, and text in both directions.
#include "asterism/core/bytes.hpp"

#include <string>
#include <string_view>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"

using namespace asterism;

static_assert(14_GiB == Bytes{15'032'385'536U});
static_assert(16_GB == Bytes{16'000'000'000U} && 3_MB == Bytes{3'000'000U});
static_assert(2_KiB == 2048_B && 1_MiB == 1024_KiB && 1_GiB == 1024_MiB);
static_assert(2_KiB + 1_B == 2049_B && 2_KiB - 1_B == 2047_B && 2_KiB * 3 == 6_KiB);
static_assert(1_KiB < 1_MiB && 1_MiB >= 1_MiB && Bytes{} == 0_B);
static_assert(aligned(0) == 0 && aligned(1) == 64 && aligned(64) == 64 && aligned(65) == 128);

template <Bytes size>
constexpr std::uint64_t as_template_argument = size.count;
static_assert(as_template_argument<5_KiB> == 5120);

TEST_CASE("bytes add up in place") {
  Bytes sum = 1_KiB;
  sum += 24_B;
  CHECK(sum == 1048_B);
  sum -= 48_B;
  CHECK(sum == 1000_B);
}

TEST_CASE("bytes as people read them") {
  CHECK(to_string(0_B) == "0 B");
  CHECK(to_string(1023_B) == "1023 B");
  CHECK(to_string(1_KiB) == "1.0 KiB");
  CHECK(to_string(1536_B) == "1.5 KiB");
  CHECK(to_string(512_MiB) == "512.0 MiB");
  CHECK(to_string(14_GiB) == "14.00 GiB");
  CHECK(to_string(14_GiB + 430_MiB) == "14.42 GiB");
}

TEST_CASE("memory sizes as accelerate reads them") {
  struct Case {
    std::string_view text;
    Bytes expected;
  };
  constexpr Case cases[] = {
      {"0", 0_B},           {"123456789012", {123'456'789'012U}},
      {"14GiB", 14_GiB},    {"14 GiB", 14_GiB},
      {"14gib", 14_GiB},    {"14GIB", 14_GiB},
      {"1.5MiB", 1536_KiB}, {"10KiB", 10_KiB},
      {"10KB", 10'000_B},   {"10MB", 10_MB},
      {"16GB", 16_GB},      {"0.5GB", 500_MB},
      {"1Gib", 1_GiB},      {"8Gb", 1_GB},  // a final lower-case b means bits, but not in the binary units
      {"8gb", 1_GB},        {"8kb", 1000_B},
      {"80Mb", 10_MB},      {"18446744073709551615", {18'446'744'073'709'551'615U}},
  };
  for (const Case& one : cases) {
    CAPTURE(one.text);
    CHECK(parse_bytes(one.text) == one.expected);
  }
}

TEST_CASE("what is no memory size is refused and quoted") {
  for (const char* text : {"",
                           " ",
                           "GiB",
                           "abc",
                           "14 TiB",
                           "14GiBs",
                           "-1",
                           "-1GiB",
                           "1,5GiB",
                           "1e400GB",
                           "nanGiB",
                           "infGB",
                           "18446744073709551616",
                           "1.5",
                           "0x10",
                           "0x10GiB",
                           "99999999999GiB",
                           " 14GiB",
                           "14G",
                           "1 2GiB"}) {
    CAPTURE(text);
    std::string message;
    try {
      parse_bytes(text);
    } catch (const InvalidArgument& error) {
      message = error.what();
    }
    CHECK(message.find(concat("'", text, "' is no memory size")) == 0);
    CHECK(message.find("14GiB") != std::string::npos);
  }
}
