#include "asterism/checkpoint/safetensors/header.hpp"

#include <string>
#include <utility>
#include <vector>

#include "asterism/checkpoint/safetensors/dtype.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/file/path.hpp"

#include "support/files.hpp"

using namespace asterism;
using namespace asterism::checkpoint;
using asterism::test::as_bytes;
using asterism::test::check_error;
using asterism::test::contains;
using asterism::test::message_of;
using asterism::test::raw;
using asterism::test::safetensors_file;

namespace {

SafetensorsHeader parse(const std::string& bytes) {
  return parse_safetensors(as_bytes(bytes), "dir/m.safetensors");
}

void check_refused(std::string_view header, std::string_view data, std::initializer_list<std::string_view> parts) {
  CAPTURE(printable(header, 300));
  const std::string bytes = safetensors_file(header, data);
  check_error<FormatError>([&] { parse(bytes); }, {"dir/m.safetensors: "});
  check_error<FormatError>([&] { parse(bytes); }, parts);
}

std::string entry(std::string_view name, std::string_view dtype, std::string_view shape, int begin, int end) {
  return "\"" + std::string(name) + "\":{\"dtype\":\"" + std::string(dtype) +
         "\",\"shape\":" + std::string(shape) + ",\"data_offsets\":[" + std::to_string(begin) + "," +
         std::to_string(end) + "]}";
}

}  // namespace

TEST_CASE("the reference writer's file of all dtypes is read") {
  const std::string path = test::golden("dtypes.safetensors");
  const std::string file = file::read_file(path, 1'000'000);
  const SafetensorsHeader header = parse_safetensors(as_bytes(file), path);
  REQUIRE(header.tensors.size() == 17);
  CHECK(header.metadata == std::vector<std::pair<std::string, std::string>>{{"format", "pt"}});
  CHECK(header.data_begin % 8 == 0);
  CHECK(header.tensors[0].name == "t.2.uint64");
  CHECK(header.tensors[0].shape.empty());
  CHECK(header.tensors[3].name == "a\n\t\x01");
  CHECK(header.tensors[5].name == "z \"quoted\" \\ \xC3\xA9");
  CHECK(header.tensors[6].shape == std::vector<std::uint64_t>{5, 0});
  CHECK(header.tensors[6].bytes == 0);
  std::uint64_t end = header.data_begin;
  for (std::size_t t = 0; t < header.tensors.size(); ++t) {
    const TensorInfo& tensor = header.tensors[t];
    CHECK(tensor.offset == end);
    CHECK(tensor.bytes == tensor.elements * dtype_size(tensor.dtype));
    end += tensor.bytes;
    for (std::uint64_t i = 0; i < tensor.bytes; ++i) {
      const std::uint64_t expected = (7 * t + i) % (tensor.dtype == DType::boolean ? 2 : 120);
      CHECK(std::to_integer<std::uint64_t>(as_bytes(file)[tensor.offset + i]) == expected);
    }
  }
  CHECK(end == file.size());
}

TEST_CASE("entries may stand in any order, the header unpadded, padded, without metadata or tensors") {
  const auto header = parse(
      safetensors_file("{" + entry("b", "U8", "[3]", 2, 5) + "," + entry("a", "F16", "[]", 0, 2) + "}", "12345"));
  REQUIRE(header.tensors.size() == 2);
  CHECK(header.tensors[0].name == "a");
  CHECK(header.tensors[0].elements == 1);
  CHECK(header.tensors[1].name == "b");
  CHECK(header.tensors[1].offset == header.data_begin + 2);
  CHECK(parse(safetensors_file("{}", "")).tensors.empty());
  CHECK(parse(safetensors_file("{}      ", "")).data_begin == 16);
  CHECK(parse(safetensors_file("{\"__metadata__\":{}}", "")).metadata.empty());
}

TEST_CASE("a file cut at any byte is refused") {
  const std::string whole =
      safetensors_file({{"a", "F32", "[2]", raw({1.0F, 2.0F})}, {"b", "U8", "[2,2]", "1234"}});
  CHECK(parse(whole).tensors.size() == 2);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    const std::string message = message_of<FormatError>([&] { parse(whole.substr(0, size)); });
    CAPTURE(message);
    CHECK(contains(message, "dir/m.safetensors: "));
    CHECK(contains(message, "truncated"));
  }
  CHECK(contains(message_of<FormatError>([&] { parse(whole + "x"); }), "1 bytes behind the last tensor"));
}

TEST_CASE("a changed byte never does harm") {
  const std::string whole =
      safetensors_file({{"a", "F32", "[2]", raw({1.0F, 2.0F})}, {"b", "U8", "[2,2]", "1234"}});
  for (std::size_t i = 0; i < whole.size(); ++i) {
    for (int value = 0; value < 256; ++value) {
      std::string changed = whole;
      changed[i] = static_cast<char>(value);
      try {
        const SafetensorsHeader header = parse(changed);
        for (const TensorInfo& tensor : header.tensors) REQUIRE(tensor.offset + tensor.bytes <= changed.size());
      } catch (const Error& error) {
        REQUIRE(contains(error.what(), "dir/m.safetensors: "));
      }
    }
  }
}

TEST_CASE("the length of the header is checked before it is believed") {
  const auto with_length = [](std::uint64_t length) { return raw({length}) + "{}" + std::string(100, ' '); };
  check_error<FormatError>([&] { parse(with_length(103)); }, {"103", "102", "truncated"});
  check_error<FormatError>([&] { parse(with_length(max_safetensors_header)); }, {"truncated"});
  check_error<FormatError>([&] { parse(with_length(max_safetensors_header + 1)); },
                           {"100000001", "at most 100000000"});
  check_error<FormatError>([&] { parse(with_length(~std::uint64_t{0})); }, {"18446744073709551615"});
  check_error<FormatError>([&] { parse(with_length(0)); }, {"'{'"});
  check_error<FormatError>([] { parse("version https://git-lfs.github.com/spec/v1\noid sha256:0\n"); },
                           {"Git LFS"});
}

TEST_CASE("holes, overlap and wrong sizes are refused by tensor") {
  const std::string a = entry("a", "U8", "[4]", 0, 4);
  check_refused("{" + a + "," + entry("b", "U8", "[4]", 5, 9) + "}", "123456789",
                {"tensor 'b'", "byte 5", "expected 4"});
  check_refused("{" + a + "," + entry("b", "U8", "[4]", 3, 7) + "}", "1234567",
                {"tensor 'b'", "byte 3", "expected 4"});
  check_refused("{" + a + "," + entry("b", "U8", "[4]", 0, 4) + "}", "1234", {"tensor 'b'", "expected 4"});
  check_refused("{" + entry("a", "U8", "[4]", 1, 5) + "}", "12345", {"tensor 'a'", "expected 0"});
  check_refused("{" + entry("a", "F32", "[4]", 0, 4) + "}", "1234",
                {"tensor 'a'", "4 bytes", "expected 16", "F32", "[4]"});
  check_refused("{" + entry("a", "U8", "[5]", 0, 4) + "}", "1234", {"tensor 'a'", "expected 5"});
  check_refused("{" + a + "}", "123", {"tensor 'a'", "truncated"});
  check_refused("{" + a + "}", "12345", {"1 bytes behind"});
  check_refused("{}", "1", {"1 bytes behind"});
}

TEST_CASE("shapes that overflow are refused") {
  check_refused("{" + entry("a", "U8", "[4294967296,4294967296]", 0, 0) + "}", "",
                {"tensor 'a'", "exceeds 64 bits"});
  check_refused("{" + entry("a", "F64", "[2305843009213693952]", 0, 0) + "}", "",
                {"tensor 'a'", "exceeds 64 bits"});
  check_refused("{" + entry("a", "U8", "[18446744073709551615]", 0, 4) + "}", "1234", {"tensor 'a'"});
  check_refused("{" + entry("a", "U8", "[18446744073709551616]", 0, 4) + "}", "1234", {"floating point", "'a'"});
  check_refused(R"({"a":{"dtype":"U8","shape":[18446744073709551615],"data_offsets":[0,18446744073709551615]}})",
                "1", {"tensor 'a'", "truncated"});
  std::string rank = "[";
  for (std::size_t i = 0; i < max_tensor_rank; ++i) rank += "1,";
  check_refused("{" + entry("a", "U8", rank + "1]", 0, 1) + "}", "1", {"more than 64 dimensions", "'a'"});
}

TEST_CASE("names are unique") {
  check_refused("{" + entry("a", "U8", "[1]", 0, 1) + "," + entry("a", "U8", "[1]", 1, 2) + "}", "12",
                {"tensor 'a'", "twice"});
  check_refused(R"({"__metadata__":{},"__metadata__":{}})", "", {"second time"});
  check_refused(R"({"__metadata__":{"k":"1","l":"2","k":"3"}})", "", {"'k'", "twice"});
  check_refused(R"({"a":{"dtype":"U8","dtype":"U8","shape":[1],"data_offsets":[0,1]}})", "1",
                {"'a'", "second time"});
}

TEST_CASE("entries have the right form") {
  for (const std::string_view value : {"1",
                                       "null",
                                       "[]",
                                       "\"x\"",
                                       "{}",
                                       R"({"dtype":"U8","shape":[1]})",
                                       R"({"dtype":"U8","data_offsets":[0,1]})",
                                       R"({"shape":[1],"data_offsets":[0,1]})",
                                       R"({"dtype":1,"shape":[1],"data_offsets":[0,1]})",
                                       R"({"dtype":"U8","shape":1,"data_offsets":[0,1]})",
                                       R"({"dtype":"U8","shape":[-1],"data_offsets":[0,1]})",
                                       R"({"dtype":"U8","shape":[1.0],"data_offsets":[0,1]})",
                                       R"({"dtype":"U8","shape":["1"],"data_offsets":[0,1]})",
                                       R"({"dtype":"U8","shape":[[1]],"data_offsets":[0,1]})",
                                       R"({"dtype":"U8","shape":[{}],"data_offsets":[0,1]})",
                                       R"({"dtype":"U8","shape":[1],"data_offsets":[0]})",
                                       R"({"dtype":"U8","shape":[1],"data_offsets":[0,1,2]})",
                                       R"({"dtype":"U8","shape":[1],"data_offsets":[1,0]})",
                                       R"({"dtype":"U8","shape":[1],"data_offsets":{}})",
                                       R"({"dtype":["U8"],"shape":[1],"data_offsets":[0,1]})",
                                       R"({"dtype":"U8","shape":[null],"data_offsets":[0,1]})",
                                       R"({"dtype":"U8","shape":[1],"data_offsets":[0,1],"more":1})",
                                       R"({"dtype":null,"shape":[1],"data_offsets":[0,1]})",
                                       R"({"dtype":"U8","shape":"1","data_offsets":[0,1]})"}) {
    check_refused("{\"the.name\":" + std::string(value) + "}", "1", {"the.name", "byte"});
  }
  check_refused("{\"__metadata__\":{\"a\":1}}", "", {"not expected here: "});
  check_refused("{\"__metadata__\":{\"a\":{}}}", "", {"not expected here: "});
  check_refused("{\"__metadata__\":{\"a\":[]}}", "", {"not expected here: "});
  check_refused("{\"__metadata__\":1}", "", {"not expected here: "});
  check_refused("{\"a\":\xff}", "", {"not valid JSON"});
  check_refused(" {}", "", {"'{'"});
  check_refused("[]", "", {"'{'"});
  check_refused("{} {}", "", {"not valid JSON"});
  check_refused(std::string("{}\0", 3), "", {"NUL"});
}

TEST_CASE("unknown dtypes are named") {
  for (const std::string_view dtype : {"F4", "F6_E2M3", "F8_E8M0", "C64", "f32", ""}) {
    const std::string bytes = safetensors_file("{" + entry("a", dtype, "[2]", 0, 1) + "}", "1");
    check_error<Unsupported>([&] { parse(bytes); }, {"dir/m.safetensors", "tensor 'a'",
                                                     "unknown dtype '" + std::string(dtype) + "'", "BF16"});
  }
}

TEST_CASE("a hostile header ends in time and memory") {
  // One tensor with millions of dimensions; millions of levels; a long name; millions of metadata entries of one
  // key.
  check_refused("{\"a\":{\"shape\":[" + std::string(4'000'000, '1') + "]}}", "", {"number overflow", "'a'"});
  std::string ones;
  for (int i = 0; i < 1'000'000; ++i) ones += "1,";
  check_refused("{\"a\":{\"shape\":[" + ones + "1]}}", "", {"dimensions"});
  check_refused("{\"a\":" + std::string(1'000'000, '['), "", {"not expected here: an array"});
  std::string metadata;
  for (int i = 0; i < 1'000'000; ++i) metadata += "\"\":\"\",";
  check_refused("{\"__metadata__\":{" + metadata + "}}", "", {"more than 10000 entries"});
  const std::string name(1'000'000, 'n');
  const std::string message =
      message_of<FormatError>([&] { parse(safetensors_file("{\"" + name + "\":1}", "")); });
  CHECK(message.size() < 1000);
}

TEST_CASE("a tensor that lacks a field is told which") {
  check_refused(R"({"a":{"dtype":"U8","shape":[0]}})", "", {"a tensor lacks data_offsets", "key 'a'"});
  check_refused(R"({"a":{"data_offsets":[0,0]}})", "", {"a tensor lacks dtype and shape"});
}
