#include "asterism/knowledge/fold.hpp"

#include <chrono>
#include <string>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"

using namespace asterism;
using knowledge::folded;

namespace {

std::string character(char32_t c) {
  const auto byte = [](char32_t value) { return static_cast<char>(static_cast<unsigned char>(value)); };
  if (c < 0x80U) return {byte(c)};
  if (c < 0x800U) return {byte(0xC0U | c >> 6U), byte(0x80U | (c & 0x3FU))};
  if (c < 0x10000U) return {byte(0xE0U | c >> 12U), byte(0x80U | (c >> 6U & 0x3FU)), byte(0x80U | (c & 0x3FU))};
  return {byte(0xF0U | c >> 18U), byte(0x80U | (c >> 12U & 0x3FU)), byte(0x80U | (c >> 6U & 0x3FU)),
          byte(0x80U | (c & 0x3FU))};
}

std::string refusal(const std::string& text) {
  try {
    folded(text);
  } catch (const InvalidArgument& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("case and form of a text are folded") {
  CHECK(folded("") == "");
  CHECK(folded("Salt Dancer guard 6") == "salt dancer guard 6");
  CHECK(folded("STRASSE") == folded("Straße"));
  CHECK(folded("\u03A3\u03AF\u03C3\u03C5\u03C6\u03BF\u03C2") == "\u03C3\u03AF\u03C3\u03C5\u03C6\u03BF\u03C3");
  CHECK(folded("ﬁre") == "fire");  // a ligature
  CHECK(folded("Ｆｕｌｌ　ｗｉｄｔｈ") == "full width");
  CHECK(folded("e\u0301te\u0301") == "\u00E9t\u00E9");  // composed
  CHECK(folded("\u00C9T\u00C9") == "\u00E9t\u00E9");
  CHECK(folded("a\u0323\u0307") == folded("a\u0307\u0323"));  // marks in canonical order
  CHECK(folded("co\u00ADop\u200B") == "coop");                // a soft hyphen, a space of no width
  CHECK(folded("①²") == "12");
  CHECK(folded("漢字 \U0001F642") == "漢字 \U0001F642");
}

TEST_CASE("runs of white space become one space, and none stays at the ends") {
  CHECK(folded("  a \t\n\r\v\f b  ") == "a b");
  CHECK(folded("\u00A0a\u2003\u3000b\u2028c\u0085") == "a b c");
  CHECK(folded(" \u1680\u2029 ") == "");
  CHECK(folded(std::string("a\0b", 3)) == std::string("a\0b", 3));  // no white space
}

TEST_CASE("bytes that are no UTF-8 are refused, with their offset") {
  CHECK(refusal("ab\xFFz").find("at byte 2 of 4") != std::string::npos);
  CHECK(refusal("\xC3").find("at byte 0 of 1") != std::string::npos);  // ends inside of a character
  CHECK(refusal("abc\xE2\x82").find("at byte 3 of 5") != std::string::npos);
  CHECK(refusal("a\xED\xA0\x80").find("at byte 1 of 4") != std::string::npos);      // a surrogate
  CHECK(refusal("a\xC0\xAF").find("at byte 1 of 3") != std::string::npos);          // longer than need be
  CHECK(refusal("a\xF4\x90\x80\x80").find("at byte 1 of 5") != std::string::npos);  // above U+10FFFF
  CHECK(refusal("\x80").find("at byte 0 of 1") != std::string::npos);
  CHECK(refusal("valid \u00E9") == "");
}

TEST_CASE("folding twice is folding once, for every character, alone and with marks") {
  int different = 0;
  for (char32_t c = 0; c < 0x110000U; ++c) {
    if (c >= 0xD800U && c < 0xE000U) continue;
    for (const char* around : {"", "\u0301", "\u0345", "\u0323\u0308"}) {
      const std::string once = folded("x" + character(c) + around);
      if (folded(once) != once) ++different;
    }
  }
  CHECK(different == 0);
}

TEST_CASE("a long run of marks is folded in moderate time") {
  std::string text = "a";
  for (int i = 0; i < 50'000; ++i) text += "\u0301\u0323";
  const auto start = std::chrono::steady_clock::now();
  CHECK(folded(text).size() > 100'000);
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(5));
}
