#include "asterism/json/json.hpp"

#include <string>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"

#include "support/files.hpp"

using namespace asterism;
using namespace asterism::json;
using asterism::test::check_error;
using asterism::test::contains;
using asterism::test::message_of;

TEST_CASE("a document is read with all its kinds of values") {
  const json::Value json =
      json::parse(R"( {"a":[1,-2,2.5,true,null,"x\u00e9"],"b":{"a":{}},"big":18446744073709551615} )", "f");
  CHECK(json["a"][0] == 1);
  CHECK(json["a"][1] == -2);
  CHECK(json["a"][2] == 2.5);
  CHECK(json["a"][3] == true);
  CHECK(json["a"][4].is_null());
  CHECK(json["a"][5] == "x\xC3\xA9");
  CHECK(json["b"]["a"].is_object());
  CHECK(json["big"].get<std::uint64_t>() == ~std::uint64_t{0});
  CHECK(json::parse("3", "f") == 3);
  CHECK(json::parse("[[],[[]]]", "f").dump() == "[[],[[]]]");
}

TEST_CASE("the same key twice in one object is an error that names it") {
  check_error<FormatError>([] { json::parse(R"({"a":1,"b":{"c":2,"c":3}})", "dir/f.json"); },
                           {"dir/f.json", "second time", "key 'c'", "at byte 21"});
  CHECK(json::parse(R"({"a":{"a":{"a":1}}})", "f")["a"]["a"]["a"] == 1);
  // Escapes are not another key.
  CHECK_THROWS_AS(json::parse(R"({"a":1,"\u0061":2})", "f"), FormatError);
}

TEST_CASE("what is not strict JSON is refused with file and byte") {
  const std::string nul("{}\0{", 4);
  for (const std::string& text : {std::string(),
                                  std::string(" "),
                                  std::string("{} x"),
                                  std::string("{}{}"),
                                  std::string("[1,]"),
                                  std::string("[NaN]"),
                                  std::string("[Infinity]"),
                                  std::string("[1e999]"),
                                  std::string("[01]"),
                                  std::string("['a']"),
                                  std::string("{a:1}"),
                                  std::string("// c\n{}"),
                                  std::string("\"\xff\""),
                                  std::string("\"\xC0\x80\""),
                                  std::string("\"\xED\xA0\x80\""),
                                  std::string("\"\\ud800\""),
                                  std::string("\xEF\xBB\xBF{}"),
                                  std::string("\"a"),
                                  std::string("tru"),
                                  std::string("[\"\t\"]"),
                                  std::string("{\"a\" 1}"),
                                  nul}) {
    CAPTURE(text);
    check_error<FormatError>([&] { json::parse(text, "dir/f.json"); }, {"dir/f.json: ", "JSON"});
  }
  check_error<FormatError>([] { json::parse("{\"key\": [1 2]}", "f"); }, {"byte 12", "key 'key'"});
}

TEST_CASE("depth is bounded, and ends in time") {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  CHECK_NOTHROW(json::parse(nested(json::max_depth), "f"));
  check_error<FormatError>([&] { json::parse(nested(json::max_depth + 1), "f"); }, {"deeper than 64", "byte 65"});
  std::string objects;
  for (int i = 0; i < 100000; ++i) objects += "{\"a\":";
  CHECK_THROWS_AS(json::parse(objects, "f"), FormatError);
}

TEST_CASE("messages are bounded and free of control characters") {
  const std::string message =
      message_of<FormatError>([] { json::parse("{\"" + std::string(100000, 'k') + "\":1 2}", "f"); });
  CHECK(message.size() < 1000);
  CHECK(printable("a\nb\x7F") == "a\\x0ab\\x7f");
  CHECK(printable("abcdef", 3) == "abc...");
  CHECK(printable("ab\xC3\xA9", 3) == "ab...");  // no half character
  CHECK(!contains(message_of<FormatError>([] { json::parse("[\"\xff\"]", "f"); }), "\xff"));
}

TEST_CASE("a handler refuses every event that it does not accept") {
  class Nothing final : public json::Handler {};
  for (const std::string_view text : {"null", "true", "1", "-1", "1.5", "\"a\"", "{}", "[]"}) {
    Nothing handler;
    check_error<FormatError>([&] { json::scan(text, "f", handler); }, {"f: not expected here: "});
  }
}
