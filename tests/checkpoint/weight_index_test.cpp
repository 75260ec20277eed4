#include "asterism/checkpoint/safetensors/weight_index.hpp"

#include <string>
#include <vector>

#include "asterism/core/error.hpp"

#include "support/files.hpp"

using namespace asterism;
using namespace asterism::checkpoint;
using asterism::test::check_error;

TEST_CASE("the index is read, whatever stands beside the map") {
  const WeightIndex index = parse_weight_index(
      R"({"metadata":{"total_size":1,"more":[1,null,{"weight_map":{"x":[]}}],"text":"t"},"flag":true,"f":-1.5,"n":-1,
          "weight_map":{"c":"m2","a":"m2","b":"m1"},"after":null})",
      "f");
  CHECK(index.files == std::vector<std::string>{"m1", "m2"});
  REQUIRE(index.entries.size() == 3);
  CHECK(index.entries[0].tensor == "a");
  CHECK(index.entries[0].file == 1);
  CHECK(index.entries[1].tensor == "b");
  CHECK(index.entries[1].file == 0);
  CHECK(index.contains("c"));
  CHECK(!index.contains("d"));
  CHECK(!index.contains(""));
  CHECK(parse_weight_index(R"({"weight_map":{}})", "f").entries.empty());
}

TEST_CASE("a shard must be a file of the folder itself") {
  for (const std::string_view name : {"../x", "/etc/passwd", "a/b", "..", ".", "", "a\\\\b", "x\\u0000y"}) {
    CAPTURE(name);
    const std::string text = "{\"weight_map\":{\"the.tensor\":\"" + std::string(name) + "\"}}";
    check_error<FormatError>([&] { parse_weight_index(text, "dir/index.json"); },
                             {"dir/index.json", "the.tensor", "own folder"});
  }
}

TEST_CASE("the map has the right form") {
  for (const std::string_view value : {"1", "-1", "1.5", "null", "true", "[]", "{}"}) {
    CAPTURE(value);
    check_error<FormatError>(
        [&] { parse_weight_index("{\"weight_map\":{\"t\":" + std::string(value) + "}}", "f"); }, {"f: ", "'t'"});
    check_error<FormatError>([&] { parse_weight_index(value, "f"); }, {"f: "});
    if (value != "{}") {
      check_error<FormatError>([&] { parse_weight_index("{\"weight_map\":" + std::string(value) + "}", "f"); },
                               {"f: "});
    }
  }
  check_error<FormatError>([] { parse_weight_index("{\"weight_map\":\"x\"}", "f"); }, {"f: "});
  check_error<FormatError>([] { parse_weight_index("{}", "f"); }, {"f: ", "weight_map", "missing"});
  check_error<FormatError>([] { parse_weight_index(R"({"weight_map":{"a":"x","b":"x","a":"y"}})", "f"); },
                           {"'a'", "twice"});
  check_error<FormatError>([] { parse_weight_index(R"({"weight_map":{},"weight_map":{}})", "f"); },
                           {"second time"});
  check_error<FormatError>([] { parse_weight_index("{\"weight_map\":{", "f"); }, {"not valid JSON"});
  check_error<FormatError>([] { parse_weight_index("{\"metadata\":" + std::string(100, '['), "f"); }, {"deeper"});
}
