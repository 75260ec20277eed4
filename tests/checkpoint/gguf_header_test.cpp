#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/checkpoint/gguf/header.hpp"
#include "asterism/core/error.hpp"
#include "asterism/file/path.hpp"
#include "asterism/json/json.hpp"

#include "support/files.hpp"
#include "support/gguf_bytes.hpp"

using namespace asterism;
using namespace asterism::checkpoint;
using asterism::test::as_bytes;
using asterism::test::check_error;
using asterism::test::GgufBytes;

namespace {

constexpr std::uint64_t huge = std::uint64_t{1} << 62U;

std::string golden(std::string_view name) {
  return std::string(ASTERISM_GOLDEN_DIR) + "/gguf/" + std::string(name);
}

GgufHeader parse(const std::string& bytes) { return parse_gguf(file::StoredBytes(as_bytes(bytes)), "made.gguf"); }

void check_refused(const GgufBytes& file, std::initializer_list<std::string_view> parts) {
  check_error<Error>([&] { parse(file.bytes()); }, {"made.gguf"});
  check_error<Error>([&] { parse(file.bytes()); }, parts);
}

}  // namespace

TEST_CASE("tensors of every type are where the gguf package finds them") {
  const std::string bytes = file::read_file(golden("types.gguf"), 100'000);
  const GgufHeader header = parse(bytes);
  const json::Value expected =
      json::parse(file::read_file(golden("types.json"), 100'000), "types.json")["tensors"];
  CHECK(header.version == 3);
  CHECK(header.alignment == 64);
  CHECK(header.data_begin % 64 == 0);
  REQUIRE(header.tensors.size() == ggml_types.size());
  REQUIRE(expected.size() == header.tensors.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const TensorInfo& tensor = header.tensors[i];
    CAPTURE(tensor.name);
    CHECK(tensor.name == expected[i]["name"]);
    CHECK(header.types[i]->name == expected[i]["type"].get<std::string>());
    CHECK(tensor.shape == expected[i]["shape"].get<std::vector<std::uint64_t>>());
    CHECK(tensor.bytes == expected[i]["bytes"]);
    CHECK(tensor.offset == expected[i]["offset"]);
    for (std::size_t at = 0; at < tensor.bytes; ++at) {
      REQUIRE(static_cast<unsigned char>(bytes[tensor.offset + at]) == (7 * i + at) % 120);
    }
  }
  CHECK(header.tensors[0].dtype == DType::f32);
  CHECK(header.tensors[2].dtype == DType::u8);
}

TEST_CASE("sizes are reversed, and version 2 is read") {
  GgufBytes file;
  file.version = 2;
  const GgufHeader header = parse(file.floats("a", {3, 2}, {1, 2, 3, 4, 5, 6}).floats("b", {}, {7}).bytes());
  CHECK(header.version == 2);
  CHECK(header.tensors[0].shape == std::vector<std::uint64_t>{2, 3});
  CHECK(header.tensors[1].shape.empty());
  CHECK(header.tensors[1].elements == 1);
  CHECK(header.tensors[1].offset == header.data_begin + 32);
  CHECK(parse(GgufBytes().bytes()).tensors.empty());
}

TEST_CASE("other files and versions are refused by name") {
  const auto with_version = [](std::uint32_t version) {
    GgufBytes file;
    file.version = version;
    return file;
  };
  check_refused(with_version(1), {"version 1", "2 and 3", "convert"});
  check_refused(with_version(4), {"version 4", "2 and 3"});
  check_refused(with_version(0x03000000), {"big-endian", "little-endian"});
  GgufBytes other;
  other.magic = "ggjt";
  check_refused(other, {"'ggjt'", "'GGUF'"});
  check_error<FormatError>([] { parse("version https://git-lfs.github.com/spec/v1"); }, {"Git LFS"});
  check_error<FormatError>([] { parse(""); }, {"'GGUF'"});
}

TEST_CASE("broken tables of tensors are refused") {
  using Sizes = std::vector<std::uint64_t>;
  check_refused(GgufBytes().tensor("a", {4}, 0, 0).tensor("a", {4}, 0, 32).data(std::string(64, 'x')),
                {"'a'", "twice"});
  check_refused(GgufBytes().tensor("a", {4}, 99, 0), {"'a'", "type 99", "Q4_K"});
  check_refused(GgufBytes().tensor("", {4}, 0, 0), {"tensor 0", "no name"});
  check_refused(GgufBytes().tensor(std::string(65, 'n'), {4}, 0, 0), {"tensor 0", "65 bytes", "64"});
  check_refused(GgufBytes().tensor("a", Sizes(5, 1), 0, 0), {"'a'", "5 dimensions", "4"});
  check_refused(GgufBytes().tensor("a", Sizes(200, 1), 0, 0), {"'a'", "200 dimensions"});
  check_refused(GgufBytes().tensor("a", {huge, 8}, 0, 0), {"'a'", "64 bits"});
  check_refused(GgufBytes().tensor("a", {huge}, 0, 0), {"'a'", "64 bits"});
  check_refused(GgufBytes().tensor("a", {huge / 4}, 0, 0).data("x"), {"'a'", "only 1", "truncated"});
  check_refused(GgufBytes().tensor("a", {40}, 2, 0), {"'a'", "rows of 40", "32 in a block of Q4_0"});
  check_refused(GgufBytes().tensor("a", {1}, 0, 8).data(std::string(64, 'x')), {"'a'", "byte 8", "alignment 32"});
  check_refused(GgufBytes().tensor("a", {1}, 0, 64).data(std::string(64, 'x')), {"'a'", "byte 64", "only 64"});
  check_refused(GgufBytes().tensor("a", {1}, 0, huge).data(std::string(64, 'x')), {"'a'", "only 64"});
  check_refused(GgufBytes().tensor("a", {9}, 0, 0).tensor("b", {1}, 0, 32).data(std::string(64, 'x')),
                {"'b'", "overlaps tensor 'a'"});
  check_refused(GgufBytes().tensor("a", {1}, 0, 0).tensor("b", {1}, 0, 0).data("1234"), {"overlaps"});
  GgufBytes many;
  many.more_tensors = 1'000'000'000;
  check_refused(many, {"1000000000 tensors", "expected at most"});
  GgufBytes one_more;
  one_more.more_tensors = 1;
  check_refused(one_more.tensor("a", {1}, 0, 0).data(std::string(64, '\0')), {"tensor 1"});
}

TEST_CASE("the alignment is a power of two") {
  for (const std::uint32_t good : {1U, 2U, 8U, 64U, 4096U}) {
    GgufBytes file;
    file.alignment = good;
    CHECK(
        parse(file.u32("general.alignment", good).floats("a", {1}, {1}).floats("b", {1}, {2}).bytes()).alignment ==
        good);
  }
  check_refused(GgufBytes().u32("general.alignment", 0), {"general.alignment", "is 0"});
  check_refused(GgufBytes().u32("general.alignment", 48), {"general.alignment", "is 48", "power of two"});
  check_refused(GgufBytes().u32("general.alignment", 0x80000000U), {"general.alignment", "2147483648"});
  check_refused(GgufBytes().text("general.alignment", "32"), {"general.alignment", "string"});
}

TEST_CASE("a file that ends early is refused at every byte, and so are changed bytes or read") {
  const std::string whole = GgufBytes()
                                .text("general.name", "a name")
                                .texts("list", {"one", "two"})
                                .array("numbers", 5, std::vector<std::int32_t>{1, 2, 3})
                                .u32("general.alignment", 32)
                                .floats("first", {2, 2}, {1, 2, 3, 4})
                                .floats("second", {1}, {5})
                                .bytes();
  CHECK(parse(whole).tensors.size() == 2);
  const auto begin = std::chrono::steady_clock::now();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    CHECK_THROWS_AS(parse(whole.substr(0, size)), FormatError);
  }
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (const char value : {'\0', '\x01', '\x7F', '\xFF'}) {
      std::string changed = whole;
      changed[at] = value;
      try {
        for (const TensorInfo& tensor : parse(changed).tensors) {
          CHECK(tensor.offset + tensor.bytes <= changed.size());
        }
      } catch (const Error& error) {
        CHECK(std::string_view(error.what()).find("made.gguf") == 0);
      }
    }
  }
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(20));
}
