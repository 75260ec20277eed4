// The golden texts of whole tokenizers test every step; here what goes wrong and what bounds it.
#include "asterism/text/detail/normalizer.hpp"

#include <string>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "asterism/core/error.hpp"
#include "asterism/json/json.hpp"

using namespace asterism;
using namespace asterism::text;

namespace {

Normalizer read(const char* text) {
  const json::Value object = json::Value::parse(text);
  return Normalizer::from_json(&object, "test");
}

std::string apply(const char* normalizer, std::string_view text) { return read(normalizer).apply(text, 1 << 20); }

const char* bert(const char* lowercase_and_accents) {
  static std::string text;
  text = std::string(R"({"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"lowercase":)") +
         lowercase_and_accents + "}";
  return text.c_str();
}

}  // namespace

TEST_CASE("steps in order") {
  CHECK(apply(R"({"type":"Sequence","normalizers":[{"type":"Prepend","prepend":"▁"},
                  {"type":"Replace","pattern":{"String":" "},"content":"▁"}]})",
              "a b") == "▁a▁b");
  CHECK(apply(R"({"type":"Prepend","prepend":"x"})", "").empty());
  CHECK(apply(R"({"type":"NFC"})", "e\u0301") == "é");
  CHECK(apply(R"({"type":"Strip","strip_left":true,"strip_right":false})", "\u3000 a ") == "a ");
  CHECK(apply(R"({"type":"Strip","strip_left":true,"strip_right":true})", " \n ").empty());
  CHECK(apply(R"({"type":"Replace","pattern":{"Regex":"[ab]+"},"content":""})", "abxba") == "x");
  CHECK(Normalizer::from_json(nullptr, "test").apply("a", 10) == "a");
  CHECK(Normalizer().empty());
}

TEST_CASE("which may shorten the beginning") {
  CHECK_FALSE(read(R"({"type":"NFKC"})").may_shorten_front());
  CHECK_FALSE(read(R"({"type":"Replace","pattern":{"String":" "},"content":"▁"})").may_shorten_front());
  CHECK(read(R"({"type":"Replace","pattern":{"String":"  "},"content":"▁"})").may_shorten_front());
  CHECK(read(R"({"type":"Replace","pattern":{"String":" "},"content":""})").may_shorten_front());
  CHECK(read(R"({"type":"Replace","pattern":{"Regex":" "},"content":"x"})").may_shorten_front());
  CHECK(read(R"({"type":"Strip","strip_left":false,"strip_right":true})").may_shorten_front());
  CHECK(read(bert("true,\"strip_accents\":null")).may_shorten_front());
}

TEST_CASE("what is not supported is named") {
  try {
    read(R"({"type":"Nmt"})");
    FAIL("accepted");
  } catch (const Unsupported& error) {
    const std::string message = error.what();
    CHECK(message.find("Nmt") != std::string::npos);
    CHECK(message.find("supported: Sequence, NFC") != std::string::npos);
  }
  CHECK_THROWS_AS(read(R"({"type":"Lowercase"})"), Unsupported);
  CHECK_THROWS_AS(read(R"({"type":"NFC","form":1})"), Unsupported);
  CHECK_THROWS_AS(read(R"({"type":"Prepend"})"), FormatError);
  CHECK_THROWS_AS(read(R"({"type":"Strip","strip_left":1,"strip_right":true})"), FormatError);
  CHECK_THROWS_AS(read(R"({"type":"Replace","pattern":{"String":"a"}})"), FormatError);
}

TEST_CASE("doubling again and again ends in an error") {
  std::string steps;
  for (int i = 0; i < 60; ++i) steps += R"({"type":"Replace","pattern":{"String":"a"},"content":"aa"},)";
  steps.pop_back();
  const Normalizer normalizer = read((R"({"type":"Sequence","normalizers":[)" + steps + "]}").c_str());
  CHECK_THROWS_AS(normalizer.apply("a", 1 << 20), Unsupported);
}
