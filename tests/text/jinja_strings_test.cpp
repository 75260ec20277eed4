#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/text/jinja/repr.hpp"
#include "asterism/text/jinja/strings.hpp"

using namespace asterism::text::jinja;

TEST_CASE("characters are code points, and an invalid byte is one") {
  CHECK(length_of("a\xC3\xA9\xE4\xBD\xA0\xF0\x9F\x98\x80") == 4);
  CHECK(length_of("\xFF\xE4\xBD") == 3);
  CHECK(offset_of("a\xC3\xA9z", 2) == 3);
  CHECK(offset_of("ab", 9) == 2);
  CHECK(character_starts("\xC3\xA9z") == std::vector<std::size_t>{0, 2, 3});
  CHECK(upper("\xFF\xC3\xA9") == "\xFF\xC3\x89");
}

TEST_CASE("white space at the ends is Python's, also beside bytes that are no characters") {
  CHECK(strip("\xC2\xA0 a b\xE3\x80\x80\x1C") == "a b");
  CHECK(strip(" a ", Side::left) == "a ");
  CHECK(strip(" a ", Side::right) == " a");
  CHECK(strip("\xE3\x80\x80").empty());
  CHECK(strip("\xFF \xFF") == "\xFF \xFF");
  CHECK(strip("a\x80\x80 ") == "a\x80\x80");
  CHECK(strip("\xE2\x80\x8Bx") == "\xE2\x80\x8Bx");  // a zero width space is none
  CHECK(strip("\xC3\xA9x\xC3\xA9", "\xC3\xA9", Side::both) == "x");
  CHECK(strip("\xC3\xA9", "\xC3", Side::both) == "\xC3\xA9");  // half a character is not in it
}

TEST_CASE("cutting from either side, a few times") {
  using Pieces = std::vector<std::string_view>;
  CHECK(split_words(" a  b c ", 9, false) == Pieces{"a", "b", "c"});
  CHECK(split_words(" a  b c ", 1, false) == Pieces{"a", "b c "});
  CHECK(split_words(" a  b c ", 1, true) == Pieces{" a  b", "c"});
  CHECK(split_words(" a  b c ", 0, true) == Pieces{" a  b c"});
  CHECK(split_words("  ", 3, false).empty());
  CHECK(split_at("a,b,c", ",", 1, true) == Pieces{"a,b", "c"});
  CHECK(split_at("a,b,c", ",", 1, false) == Pieces{"a", "b,c"});
  CHECK(split_lines("a\r\nb\n\nc\xE2\x80\xA8") == Pieces{"a", "b", "", "c"});
  CHECK(split_at(std::string(300'000, ','), ",", 1'000'000, false).size() > max_pieces);
}

TEST_CASE("case where it is mapped one by one") {
  CHECK(has_special_case("\xEF\xAC\x81"));  // fi
  CHECK_FALSE(
      has_special_case("Stra\xC3\x9F"
                       "e"));
  CHECK(upper("stra\xC3\x9F"
              "e") == "STRASSE");
  CHECK(title("it's a\xC3\xA9 x1y") == "It'S A\xC3\xA9 X1Y");
  CHECK(capitalize("\xC3\x89"
                   "COLE") ==
        "\xC3\x89"
        "cole");
}

TEST_CASE("texts and numbers as Python writes them") {
  CHECK(quoted("it's") == "\"it's\"");
  CHECK(quoted("a'\"\\\n\x01\xC2\xA0\xFF") == "'a\\'\"\\\\\\n\\x01\\xa0\\udcff'");
  CHECK(number_text(1.0) == "1.0");
  CHECK(number_text(-0.0001) == "-0.0001");
  CHECK(number_text(0.00001) == "1e-05");
  CHECK(number_text(1e16) == "1e+16");
  CHECK(number_text(123456789012345.6) == "123456789012345.6");
}
