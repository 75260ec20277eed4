// Text for people.
#include "asterism/core/format.hpp"

#include <cstdint>
#include <limits>
#include <string>

#include <doctest/doctest.h>

using namespace asterism;

TEST_CASE("concat writes every kind of argument") {
  CHECK(concat() == "");
  CHECK(concat("a", 'b', std::string("c"), std::string_view("d")) == "abcd");
  CHECK(concat(1, " ", -2, " ", std::uint64_t{18'446'744'073'709'551'615U}) == "1 -2 18446744073709551615");
  CHECK(concat(std::numeric_limits<std::int64_t>::min()) == "-9223372036854775808");
  CHECK(concat(std::int8_t{65}, " ", std::uint8_t{66}) == "65 66");
  CHECK(concat(true, " ", false) == "true false");
  CHECK(concat(0.1F, " ", 0.1, " ", 1e100, " ", -0.0) == "0.1 0.1 1e+100 -0");
  CHECK(concat(std::numeric_limits<double>::infinity()) == "inf");
}

TEST_CASE("fixed rounds to the digits asked for") {
  CHECK(fixed(3.14159, 2) == "3.14");
  CHECK(fixed(2.0, 0) == "2");
  CHECK(fixed(-0.005, 1) == "-0.0");
  CHECK(fixed(0.5, 20) == "0.50000000000000000000");
  CHECK(fixed(-std::numeric_limits<double>::max(), 20).size() == 1 + 309 + 1 + 20);
}

TEST_CASE("columns counts code points") {
  CHECK(columns("") == 0);
  CHECK(columns("abc") == 3);
  CHECK(columns("é好█") == 3);
}

TEST_CASE("padding counts columns and never cuts") {
  CHECK(pad_right("ab", 4) == "ab  ");
  CHECK(pad_left("ab", 4) == "  ab");
  CHECK(pad_right("é", 2) == "é ");
  CHECK(pad_left("é", 2) == " é");
  CHECK(pad_right("abc", 2) == "abc");
  CHECK(pad_left("abc", 3) == "abc");
}

TEST_CASE("bars have eighths and a constant width") {
  CHECK(bar(0, 4) == "    ");
  CHECK(bar(1, 4) == "████");
  CHECK(bar(0.5, 4) == "██  ");
  CHECK(bar(0.5 + 1.0 / 32, 4) == "██▏ ");
  CHECK(bar(0.5 + 7.0 / 32, 4) == "██▉ ");
  CHECK(bar(-1, 4) == "    ");
  CHECK(bar(7, 4) == "████");
  CHECK(bar(std::numeric_limits<double>::quiet_NaN(), 2) == "  ");
  for (int i = 0; i <= 1000; ++i) CHECK(columns(bar(i / 1000.0, 32)) == 32);
}
