#include "asterism/text/detail/byte_level.hpp"

#include <set>
#include <string>

#include <doctest/doctest.h>

#include "asterism/text/detail/utf8.hpp"

using namespace asterism::text;

TEST_CASE("the alphabet") {
  CHECK(byte_level_characters['A'] == 'A');
  CHECK(byte_level_characters[' '] == 0x120);   // Ġ
  CHECK(byte_level_characters['\n'] == 0x10A);  // Ċ
  CHECK(byte_level_characters[0xAD] == 0x143);
  CHECK(byte_level_characters[0xFF] == 0xFF);
  CHECK(std::set<char16_t>(byte_level_characters.begin(), byte_level_characters.end()).size() == 256);
}

TEST_CASE("bytes to characters and back") {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(static_cast<unsigned char>(i));
  std::string text = "x";
  append_byte_level(text, bytes);
  CHECK(is_valid_utf8(text));
  std::string back = "y";
  append_bytes_of(back, std::string_view(text).substr(1));
  CHECK(back == "y" + bytes);
}

TEST_CASE("text outside the alphabet stays as it is") {
  std::string out = "x";
  append_bytes_of(out, "Ġ你");
  CHECK(out == "xĠ你");
  out.clear();
  append_bytes_of(out, "é");  // in the alphabet: the byte 0xE9
  CHECK(out == "\xE9");
  out.clear();
  append_bytes_of(out, "a b");  // a space is not
  CHECK(out == "a b");
}
