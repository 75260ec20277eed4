#include "asterism/text/detail/pattern.hpp"

#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "asterism/core/error.hpp"
#include "asterism/json/json.hpp"

#include "support.hpp"

using namespace asterism;
using namespace asterism::text;

namespace {

Component component(const json::Value& object) { return {object, "pre_tokenizer", "test"}; }

}  // namespace

TEST_CASE("splits as Hugging Face cuts") {
  const auto golden = test::golden_json("splits");
  REQUIRE(golden["splits"].size() > 200);
  for (const json::Value& entry : golden["splits"]) {
    CAPTURE(entry["pattern"].dump());
    CAPTURE(entry["behavior"].dump());
    json::Value object = entry;
    object["type"] = "Split";
    const Pattern pattern = Pattern::from_json(component(object));
    const SplitBehavior behavior = require_split_behavior(component(object));
    for (std::size_t i = 0; i < golden["texts"].size(); ++i) {
      const auto text = golden["texts"][i].get<std::string>();
      CAPTURE(text);
      std::vector<Segment> segments;
      pattern.segments(text, segments);
      for (Segment& segment : segments) segment.match = segment.match != entry["invert"].get<bool>();
      std::vector<std::string> pieces;
      for (const Segment& piece : split(segments, behavior)) {
        if (piece.begin != piece.end) pieces.push_back(text.substr(piece.begin, piece.end - piece.begin));
      }
      CHECK(pieces == entry["pieces"][i].get<std::vector<std::string>>());
    }
  }
}

TEST_CASE("segments cover the text") {
  std::vector<Segment> segments;
  Pattern(std::string("ab")).segments("xababy", segments);
  CHECK(segments == std::vector<Segment>{{0, 1, false}, {1, 3, true}, {3, 5, true}, {5, 6, false}});
  segments.clear();
  Pattern(std::string("ab")).segments("", segments);
  CHECK(segments.empty());
}

TEST_CASE("patterns that are wrong") {
  const auto read = [](const char* pattern) {
    const json::Value object = {{"type", "Split"}, {"pattern", json::Value::parse(pattern)}};
    return Pattern::from_json(component(object));
  };
  CHECK(read(R"({"String":"a+"})").literal() == "a+");
  CHECK(read(R"({"Regex":"a+"})").literal().empty());
  CHECK_THROWS_AS(read(R"("a")"), FormatError);
  CHECK_THROWS_AS(read("{}"), Unsupported);
  CHECK_THROWS_AS(read(R"({"String":"a","Regex":"b"})"), Unsupported);
  CHECK_THROWS_AS(read(R"({"Glob":"a"})"), Unsupported);
  CHECK_THROWS_AS(read(R"({"String":""})"), Unsupported);
  CHECK_THROWS_AS(read(R"({"String":3})"), FormatError);
  CHECK_THROWS_AS(read(R"({"Regex":"("})"), FormatError);
  const json::Value other = {{"type", "Split"}, {"behavior", "Sideways"}};
  CHECK_THROWS_AS(require_split_behavior(component(other)), Unsupported);
}
