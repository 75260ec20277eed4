#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/checkpoint/gguf/gguf_store.hpp"
#include "asterism/checkpoint/gguf/keys.hpp"
#include "asterism/checkpoint/gguf/writer.hpp"
#include "asterism/core/error.hpp"
#include "asterism/file/path.hpp"

#include "support/files.hpp"
#include "support/gguf_bytes.hpp"

using namespace asterism;
using namespace asterism::checkpoint;
using asterism::test::as_bytes;
using asterism::test::check_error;
using asterism::test::GgufBytes;
using asterism::test::TemporaryFolder;

namespace {

std::string golden(std::string_view name) {
  return std::string(ASTERISM_GOLDEN_DIR) + "/gguf/" + std::string(name);
}

std::string content(const std::string& path) { return file::read_file(path, 1U << 20U); }

}  // namespace

TEST_CASE("the file is the one that the gguf package writes, byte for byte") {
  const TemporaryFolder folder;
  GgufKeys keys;
  keys.add("general.architecture", "none");
  keys.add("general.name", "five tensors");
  const GgufStore expected(golden("whole.gguf"));
  std::vector<GgufDeclaration> declarations;
  for (const TensorInfo& tensor : expected.tensors())
    declarations.push_back({tensor.name, tensor.dtype, tensor.shape});
  GgufWriter writer(folder / "m.gguf", keys, declarations);
  for (const TensorInfo& tensor : expected.tensors()) {
    const std::vector<std::byte> bytes = expected.bytes(tensor);
    writer.write(tensor.name, View<const std::byte>(bytes).subview(0, 5));
    CHECK(file::path_kind(folder / "m.gguf") == file::PathKind::missing);
    writer.write(tensor.name, View<const std::byte>(bytes).subview(5, bytes.size() - 5));
  }
  writer.finish();
  CHECK(content(folder / "m.gguf") == content(golden("whole.gguf")));
}

TEST_CASE("values of every kind are read back") {
  const TemporaryFolder folder;
  GgufKeys keys;
  keys.add("a", 7U);
  keys.add("b", 1.5F);
  keys.add("c", true);
  keys.add("d", "text");
  keys.add("e", std::vector<std::int32_t>{-1, 2});
  keys.add("f", std::vector<float>{0.25F});
  keys.add("g", std::vector<bool>{true, false});
  keys.add("h", std::vector<std::string>{"", "x"});
  GgufWriter writer(folder / "m.gguf", keys, {{"empty", DType::f32, {0, 3}}, {"one", DType::bf16, {}}});
  writer.write("one", as_bytes("xy"));
  writer.finish();
  const GgufStore store(folder / "m.gguf");
  const GgufMetadata& metadata = store.metadata();
  CHECK(metadata.integer("a", 0, 9) == 7);
  CHECK(metadata.number("b") == 1.5);
  CHECK(metadata.boolean("c") == true);
  CHECK(metadata.text("d") == "text");
  CHECK(metadata.integers("e") == std::vector<std::int64_t>{-1, 2});
  CHECK(metadata.numbers("f") == std::vector<float>{0.25F});
  CHECK(metadata.booleans("g") == std::vector<bool>{true, false});
  CHECK(metadata.texts("h") == std::vector<std::string_view>{"", "x"});
  CHECK(store.find("empty")->shape == std::vector<std::uint64_t>{0, 3});
  CHECK(store.find("one")->bytes == 2);
}

TEST_CASE("impossible declarations and wrong orders are refused") {
  const TemporaryFolder folder;
  const auto refused = [&](std::vector<GgufDeclaration> declarations,
                           std::initializer_list<std::string_view> parts) {
    check_error<InvalidArgument>([&] { GgufWriter(folder / "m.gguf", {}, declarations); }, parts);
  };
  refused({{"a", DType::f32, {1}}, {"a", DType::f32, {1}}}, {"'a'", "twice"});
  refused({{"", DType::f32, {1}}}, {"1 to 64 bytes"});
  refused({{std::string(65, 'x'), DType::f32, {1}}}, {"1 to 64 bytes"});
  refused({{"a", DType::f32, {1, 1, 1, 1, 1}}}, {"'a'", "four sizes"});
  refused({{"a", DType::u16, {1}}}, {"'a'", "U16"});
  refused({{"a", DType::f32, {std::uint64_t{1} << 62U, 4}}}, {"'a'", "2^62"});
  GgufKeys keys;
  keys.add("a", 1U);
  check_error<InvalidArgument>([&] { keys.add("a", 2U); }, {"'a'", "there already"});
  check_error<InvalidArgument>([&] { keys.add("", 2U); }, {"is empty"});
  GgufWriter writer(folder / "m.gguf", {}, {{"a", DType::f32, {1}}});
  check_error<InvalidArgument>([&] { writer.write("b", as_bytes("1234")); }, {"'b'", "'a'"});
  check_error<InvalidArgument>([&] { writer.write("a", as_bytes("12345")); }, {"5 bytes", "at most 4"});
  check_error<InvalidArgument>([&] { writer.finish(); }, {"'a'", "lacks 4 bytes"});
  writer.write("a", as_bytes("1234"));
  check_error<InvalidArgument>([&] { writer.write("a", as_bytes("1")); }, {"after the last one"});
  writer.finish();
  CHECK(GgufStore(folder / "m.gguf").tensors().size() == 1);
}
