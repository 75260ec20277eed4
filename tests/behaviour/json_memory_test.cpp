// What a document costs, and what happens where memory runs out.
#include <cstddef>
#include <limits>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/json/json.hpp"

#include "json/heap_meter.hpp"
#include "support/files.hpp"

using namespace asterism;
using asterism::test::check_error;

namespace {

std::string object_of(std::string_view key, std::string_view item, std::size_t count) {
  std::string text = "{\"" + std::string(key) + "\":[";
  for (std::size_t i = 0; i < count; ++i) text += std::string(i == 0 ? "" : ",") + std::string(item);
  return text + "]}";
}

constexpr std::string_view known[] = {"a"};

}  // namespace

TEST_CASE("no more values are kept than asked for, and the error says so") {
  const auto parse = [](const std::string& text, std::size_t most) {
    return json::parse(text, "dir/f.json", {.max_values = most});
  };
  CHECK(parse("[1,[2],{\"a\":3}]", 6).size() == 3);
  check_error<FormatError>([&] { parse("[1,[2],{\"a\":3}]", 5); },
                           {"dir/f.json: more than 5 values", "byte 14", "'a'"});
  check_error<FormatError>([&] { parse("1", 0); }, {"more than 0 values"});
}

TEST_CASE("keys that are not selected are left out, their syntax checked") {
  const auto parse = [](std::string_view text) {
    return json::parse(text, "f", {.max_values = 8, .keys = {known, 1}});
  };
  CHECK(parse(R"({"b":[1,{"a":[1,2,3,4,5,6,7,8,9]}],"a":{"b":{"c":[2]}},"c":"x","d":{},"d":[]})").dump() ==
        R"({"a":{"b":{"c":[2]}}})");
  CHECK(parse("[1,2]").dump() == "[1,2]");
  CHECK(parse(R"([{"b":1}])").dump() == R"([{"b":1}])");  // of the outermost object alone
  check_error<FormatError>([&] { parse(R"({"a":1,"b":{},"a":2})"); }, {"same key a second time", "'a'"});
  check_error<FormatError>([&] { parse(R"({"b":[1,,2]})"); }, {"not valid JSON", "'b'"});
  check_error<FormatError>([&] { parse("{\"b\":" + std::string(65, '[')); }, {"deeper than 64"});
}

TEST_CASE("a document of the values of a named text takes less than 8 times the text") {
  const std::string text = object_of("a", R"({"":0})", 600'000);
  const std::size_t peak = test::peak_of([&] {
    CHECK_THROWS_AS(
        json::Document(json::parse(text, "f", {.max_values = json::values_of_named_text(text.size())})),
        FormatError);
  });
  CHECK(peak < 8 * text.size());
}

TEST_CASE("skipped values take no memory") {
  const std::string text = object_of("b", R"({"":0})", 600'000);
  const std::size_t peak = test::peak_of([&] {
    CHECK((*json::Document(json::parse(text, "f", {.max_values = 1, .keys = {known, 1}}))).empty());
  });
  CHECK(peak < 10'000);
}

TEST_CASE("where memory runs out there is an exception, whatever has been built by then") {
  const std::string text =
      R"({"a":[[],{},[1,[2,[3,{"b":{"c":[1.5,"a string that does not fit into the object"]}}]]],{"d":{"e":[]}}]})";
  const std::size_t failed =
      test::run_out_of_memory([&] { const json::Document document(json::parse(text, "f")); }, 1000);
  CHECK(failed > 10);
  CHECK(failed < 1000);
}

TEST_CASE("a document is destroyed without an allocation") {
  std::size_t left = 0;
  {
    const json::Document document(json::parse(R"({"a":[1,2,[3,{"b":[4]}]]})", "f"));
    test::heap.allocations_left = 0;
    left = (*document).size();
  }
  test::heap.allocations_left = std::numeric_limits<std::size_t>::max();
  CHECK(left == 1);
}
