#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/checkpoint/gguf/header.hpp"
#include "asterism/checkpoint/gguf/metadata.hpp"
#include "asterism/core/error.hpp"
#include "asterism/file/path.hpp"
#include "asterism/json/json.hpp"

#include "support/files.hpp"
#include "support/gguf_bytes.hpp"

using namespace asterism;
using namespace asterism::checkpoint;
using asterism::test::as_bytes;
using asterism::test::check_error;
using asterism::test::gguf_number;
using asterism::test::gguf_string;
using asterism::test::GgufBytes;

namespace {

constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();

std::string golden(std::string_view name) {
  return std::string(ASTERISM_GOLDEN_DIR) + "/gguf/" + std::string(name);
}

GgufMetadata metadata_of(const GgufBytes& file) {
  return parse_gguf(file::StoredBytes(as_bytes(file.bytes())), "made.gguf").metadata;
}

void check_refused(const GgufBytes& file, std::initializer_list<std::string_view> parts) {
  check_error<Error>([&] { metadata_of(file); }, {"made.gguf"});
  check_error<Error>([&] { metadata_of(file); }, parts);
}

/// A value inside arrays of one item each.
std::string nested(int levels) {
  std::string out;
  for (int i = 1; i < levels; ++i) out += gguf_number<std::uint32_t>(9) + gguf_number<std::uint64_t>(1);
  return out + gguf_number<std::uint32_t>(0) + gguf_number<std::uint64_t>(1) + "x";
}

}  // namespace

TEST_CASE("values of every type are those that the gguf package wrote") {
  const std::string bytes = file::read_file(golden("types.gguf"), 100'000);
  const GgufMetadata metadata = parse_gguf(file::StoredBytes(as_bytes(bytes)), "types.gguf").metadata;
  const json::Value expected = json::parse(file::read_file(golden("types.json"), 100'000), "types.json")["values"];
  REQUIRE(expected.size() == 24);
  for (const auto& item : expected.items()) {
    const std::string& key = item.key();
    const json::Value& value = item.value();
    CAPTURE(key);
    if (key == "scalar.UINT64") {
      check_error<FormatError>([&] { metadata.integer("scalar.UINT64", least, most); },
                               {key, "9223372036854775813"});
    } else if (value.is_number_integer()) {
      CHECK(metadata.integer(key, least, most) == value.get<std::int64_t>());
      CHECK(metadata.number(key) == value.get<double>());
    } else if (value.is_number()) {
      CHECK(metadata.number(key) == value.get<double>());
    } else if (value.is_boolean()) {
      CHECK(metadata.boolean(key) == value.get<bool>());
    } else if (value.is_string()) {
      CHECK(metadata.text(key) == value.get<std::string>());
    } else if (value[0].is_string()) {
      const auto texts = metadata.texts(key);
      REQUIRE(texts);
      CHECK(std::vector<std::string>(texts->begin(), texts->end()) == value.get<std::vector<std::string>>());
    } else if (value[0].is_boolean()) {
      CHECK(metadata.booleans(key) == value.get<std::vector<bool>>());
    } else if (value[0].is_number_integer()) {
      CHECK(metadata.integers(key) == value.get<std::vector<std::int64_t>>());
    } else {
      CHECK(metadata.numbers(key) == value.get<std::vector<float>>());
    }
  }
  CHECK(metadata.text("general.architecture") == "none");
  CHECK(metadata.integer("general.alignment", 1, most) == 64);
  CHECK(metadata.contains("general.architecture"));
  CHECK_FALSE(metadata.contains("general"));
  CHECK(GgufMetadata().bytes().empty());
}

TEST_CASE("a key that is absent has no value, one of another type is an error") {
  const GgufMetadata metadata = metadata_of(GgufBytes()
                                                .u32("size", 7)
                                                .text("name", "x")
                                                .boolean("on", true)
                                                .f32("eps", 0.5F)
                                                .array("list", 4, std::vector<std::uint32_t>{1}));
  CHECK_FALSE(metadata.integer("no", least, most));
  CHECK_FALSE(metadata.number("no"));
  CHECK_FALSE(metadata.boolean("no"));
  CHECK_FALSE(metadata.text("no"));
  CHECK_FALSE(metadata.integers("no"));
  CHECK_FALSE(metadata.booleans("no"));
  CHECK_FALSE(metadata.numbers("no"));
  CHECK_FALSE(metadata.texts("no"));
  CHECK(metadata.required_integer("size", 1, 7) == 7);
  CHECK(metadata.required_text("name") == "x");
  check_error<FormatError>([&] { metadata.required_integer("no", 0, 1); }, {"made.gguf", "'no'", "missing"});
  check_error<FormatError>([&] { metadata.required_text("no"); }, {"'no'", "missing"});
  check_error<FormatError>([&] { metadata.integer("size", 1, 6); }, {"'size'", "is 7", "from 1 to 6"});
  check_error<FormatError>([&] { metadata.integer("name", 0, 1); }, {"'name'", "of type string", "an integer"});
  check_error<FormatError>([&] { metadata.integer("eps", 0, 1); }, {"of type f32", "an integer"});
  check_error<FormatError>([&] { metadata.integer("list", 0, 1); }, {"an array of u32", "an integer"});
  check_error<FormatError>([&] { metadata.number("on"); }, {"of type bool", "a number"});
  check_error<FormatError>([&] { metadata.boolean("size"); }, {"of type u32", "expected bool"});
  check_error<FormatError>([&] { metadata.text("size"); }, {"of type u32", "a string"});
  check_error<FormatError>([&] { metadata.integers("size"); }, {"of type u32", "an array"});
  check_error<FormatError>([&] { metadata.texts("list"); }, {"an array of u32", "an array of strings"});
  check_error<FormatError>([&] { metadata.booleans("list"); }, {"an array of u32", "an array of bool"});
  CHECK(metadata.numbers("list") == std::vector<float>{1});
  const GgufMetadata odd = metadata_of(GgufBytes().key("on", 7, "\x02"));
  check_error<FormatError>([&] { odd.boolean("on"); }, {"'on'", "is 2", "0 or 1"});
}

TEST_CASE("arrays of arrays are passed over up to a depth") {
  const GgufMetadata metadata = metadata_of(GgufBytes().key("deep", 9, nested(4)).u32("behind", 5));
  CHECK(metadata.integer("behind", 0, 9) == 5);
  check_error<FormatError>([&] { metadata.integers("deep"); }, {"'deep'", "array"});
  check_refused(GgufBytes().key("deep", 9, nested(5)), {"'deep'", "4 levels"});
  check_refused(GgufBytes().key("deep", 9, nested(100'000)), {"'deep'", "4 levels"});
}

TEST_CASE("broken metadata is refused") {
  const auto number = [](std::uint64_t n) { return gguf_number(n); };
  check_refused(GgufBytes().u32("a", 1).u32("b", 2).u32("a", 3), {"'a'", "stands twice"});
  check_refused(GgufBytes().u32("", 1), {"key 0", "is empty"});
  check_refused(GgufBytes().u32(std::string(70'000, 'k'), 1), {"key 0", "70000 bytes", "65535"});
  check_refused(GgufBytes().key("a", 13, "x"), {"'a'", "its type is 13", "0 to 12"});
  check_refused(GgufBytes().key("a", 9, gguf_number<std::uint32_t>(77) + number(1)), {"'a'", "is 77"});
  check_refused(GgufBytes().key("a", 8, number(~std::uint64_t{0})),
                {"'a'", "18446744073709551615 bytes", "truncated"});
  for (const std::uint64_t count : {~std::uint64_t{0}, std::uint64_t{1} << 61U, std::uint64_t{1} << 40U}) {
    for (const std::uint32_t item : {0U, 4U, 8U, 9U, 10U}) {
      CAPTURE(item);
      check_refused(GgufBytes().key("a", 9, gguf_number(item) + number(count)), {"'a'", "items"});
    }
  }
  GgufBytes many;
  many.more_keys = 1'000'000'000'000;
  check_refused(many.u32("a", 1), {"1000000000001 metadata keys", "expected at most"});
  GgufBytes one_more;
  one_more.more_keys = 1;
  check_refused(one_more.text("a", std::string(40, 'x')), {"byte", "key 1"});
}
