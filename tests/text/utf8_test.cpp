#include "asterism/text/detail/utf8.hpp"

#include <string>

#include <doctest/doctest.h>

#include "support.hpp"

using namespace asterism::text;
using asterism::test::from_hex;
using asterism::test::golden_json;

TEST_CASE("broken UTF-8 as Python replaces it") {
  const auto golden = golden_json("utf8");
  REQUIRE(golden["bytes"].size() > 1000);
  for (std::size_t i = 0; i < golden["bytes"].size(); ++i) {
    const std::string bytes = from_hex(golden["bytes"][i].get<std::string>());
    const std::string text = from_hex(golden["text"][i].get<std::string>());
    CAPTURE(golden["bytes"][i].dump());
    CHECK(replace_invalid(bytes) == text);
    CHECK(is_valid_utf8(bytes) == (bytes == text));
    CHECK(is_valid_utf8(text));
  }
}

TEST_CASE("units at the end of a text") {
  using Kind = Utf8Unit::Kind;
  CHECK(utf8_unit("a", 0).kind == Kind::character);
  CHECK(utf8_unit("\xC3", 0).kind == Kind::incomplete);
  CHECK(utf8_unit("\xF0\x9F\x98", 0).kind == Kind::incomplete);
  CHECK(utf8_unit("\xF0\x9F\x98", 0).size == 3);
  CHECK(utf8_unit("\xF0\x8F", 0).kind == Kind::invalid);  // overlong: no byte behind can mend it
  CHECK(utf8_unit("\xF0\x8F", 0).size == 1);
  CHECK(utf8_unit("\xED\xA0", 0).kind == Kind::invalid);  // a surrogate
  CHECK(utf8_unit("x\xF0\x9F\x98\x80", 1).size == 4);
}

TEST_CASE("every code point and back") {
  for (char32_t c = 0; c < 0x110000U; ++c) {
    if (c >= 0xD800U && c < 0xE000U) continue;
    std::string text = "é";
    append_code_point(text, c);
    const CodePoint forward = code_point_at(text, 2);
    const CodePoint backward = code_point_before(text, text.size());
    if (forward.value != c || backward.value != c || forward.size != text.size() - 2 || !is_valid_utf8(text)) {
      FAIL("code point ", static_cast<unsigned>(c));
    }
  }
}
