#include "asterism/text/detail/component.hpp"

#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "asterism/core/error.hpp"
#include "asterism/json/json.hpp"

using namespace asterism;
using namespace asterism::text;

namespace {

std::vector<std::string> types(const char* text) {
  const json::Value object = json::Value::parse(text);
  std::vector<std::string> out;
  for_each_component(&object, "decoder", "decoders", "file", [&](const Component& c) { out.push_back(c.type()); });
  return out;
}

}  // namespace

TEST_CASE("sequences are flattened in order") {
  CHECK(types(R"({"type":"A"})") == std::vector<std::string>{"A"});
  CHECK(
      types(
          R"({"type":"Sequence","decoders":[{"type":"A"},{"type":"Sequence","decoders":[{"type":"B"}]},{"type":"C"}]})") ==
      std::vector<std::string>{"A", "B", "C"});
  CHECK(types(R"({"type":"Sequence","decoders":[]})").empty());
  for_each_component(nullptr, "decoder", "decoders", "file", [](const Component&) { FAIL("called"); });
}

TEST_CASE("what is no component") {
  CHECK_THROWS_AS(types("3"), FormatError);
  CHECK_THROWS_AS(types("[]"), FormatError);
  CHECK_THROWS_AS(types("{}"), FormatError);
  CHECK_THROWS_AS(types(R"({"type":3})"), FormatError);
  CHECK_THROWS_AS(types(R"({"type":"Sequence"})"), FormatError);
  CHECK_THROWS_AS(types(R"({"type":"Sequence","decoders":{}})"), FormatError);
  CHECK_THROWS_AS(types(R"({"type":"Sequence","decoders":[1]})"), FormatError);
  CHECK_THROWS_AS(types(R"({"type":"Sequence","decoders":[],"more":1})"), Unsupported);
}

TEST_CASE("unknown settings are errors that name them") {
  const json::Value object = json::Value::parse(R"({"type":"A","known":1,"other":2})");
  const Component component{object, "decoder", "file"};
  CHECK_NOTHROW(component.settings({"known", "other"}));
  try {
    component.settings({"known"});
    FAIL("accepted");
  } catch (const Unsupported& error) {
    CHECK(std::string(error.what()) == "file: decoder A has the unknown setting 'other'; known: known");
  }
}

TEST_CASE("characters and short strings") {
  const json::Value object = json::Value::parse(R"({"type":"A","one":"▁","two":"ab","none":"","number":1})");
  const Component component{object, "decoder", "file"};
  CHECK(require_character(component, "one") == "▁");
  CHECK_THROWS_AS(require_character(component, "two"), FormatError);
  CHECK_THROWS_AS(require_character(component, "none"), FormatError);
  CHECK_THROWS_AS(require_character(component, "number"), FormatError);
  CHECK_THROWS_AS(require_character(component, "missing"), FormatError);
  CHECK(require_short_string(component, "two") == "ab");
  const json::Value longer = {{"type", "A"}, {"text", std::string(max_setting_bytes + 1, 'x')}};
  CHECK_THROWS_AS(require_short_string(Component{longer, "decoder", "file"}, "text"), Unsupported);
}
