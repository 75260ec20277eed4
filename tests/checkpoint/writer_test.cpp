#include "asterism/checkpoint/safetensors/writer.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "asterism/checkpoint/safetensors/dtype.hpp"
#include "asterism/checkpoint/safetensors/header.hpp"
#include "asterism/core/error.hpp"
#include "asterism/file/new_folder.hpp"
#include "asterism/file/path.hpp"

#include "support/files.hpp"

using namespace asterism;
using namespace asterism::checkpoint;
using asterism::test::as_bytes;
using asterism::test::check_error;
using asterism::test::golden;
using asterism::test::TemporaryFolder;

namespace {

std::vector<TensorDeclaration> declarations_of(const SafetensorsHeader& header) {
  std::vector<TensorDeclaration> declarations;
  for (const TensorInfo& tensor : header.tensors)
    declarations.push_back({tensor.name, tensor.dtype, tensor.shape});
  return declarations;
}

}  // namespace

TEST_CASE(
    "files are byte for byte those of the reference writer, whatever the pieces and the order of declaring") {
  const TemporaryFolder folder;
  for (const std::string_view name : {"dtypes.safetensors", "half.safetensors",
                                      "sharded/model-00001-of-00002.safetensors", "four_bit/model.safetensors"}) {
    const std::string path = golden(name);
    CAPTURE(path);
    const std::string reference = file::read_file(path, 10'000'000);
    const SafetensorsHeader header = parse_safetensors(as_bytes(reference), path);
    std::vector<TensorDeclaration> declarations = declarations_of(header);
    for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, reference.size()}) {
      std::reverse(declarations.begin(), declarations.end());
      // A file of the reference that carries no metadata would differ.
      REQUIRE(header.metadata.size() == (name == "half.safetensors" ? 0 : 1));
      SafetensorsWriter writer(folder / "f", declarations);
      for (const TensorInfo& tensor : writer.tensors()) {
        const TensorInfo* source = nullptr;
        for (const TensorInfo& candidate : header.tensors) {
          if (candidate.name == tensor.name) source = &candidate;
        }
        REQUIRE(source != nullptr);
        for (std::uint64_t done = 0; done < tensor.bytes; done += piece) {
          writer.write(tensor.name,
                       as_bytes(reference).subview(source->offset + done,
                                                   std::min<std::uint64_t>(piece, tensor.bytes - done)));
        }
      }
      writer.finish();
      const std::string written = file::read_file(folder / "f", 10'000'000);
      if (!header.metadata.empty()) CHECK(written == reference);
      CHECK(parse_safetensors(as_bytes(written), "written").tensors.size() == header.tensors.size());
    }
  }
  CHECK(file::folder_entries(folder.path()).size() == 1);
}

TEST_CASE("a file without tensors, or of empty tensors, is valid") {
  const TemporaryFolder folder;
  SafetensorsWriter(folder / "f", {}).finish();
  const std::string none = file::read_file(folder / "f", 1000);
  CHECK(parse_safetensors(as_bytes(none), "f").tensors.empty());
  SafetensorsWriter writer(folder / "g",
                           {{"a", DType::f32, {0}}, {"b", DType::u8, {3, 0}}, {"c", DType::u8, {1}}});
  writer.write("a", {});
  writer.write("c", as_bytes("x"));
  writer.finish();
  const std::string some = file::read_file(folder / "g", 1000);
  CHECK(parse_safetensors(as_bytes(some), "g").tensors.size() == 3);
}

TEST_CASE("impossible declarations are refused by tensor, and leave no file") {
  const TemporaryFolder folder;
  const auto refuse = [&](std::vector<TensorDeclaration> tensors, std::initializer_list<std::string_view> parts) {
    check_error<InvalidArgument>([&] { SafetensorsWriter writer(folder / "f", tensors); }, parts);
    CHECK(file::folder_entries(folder.path()).empty());
  };
  refuse({{"a", DType::f32, {1}}, {"b", DType::u8, {1}}, {"a", DType::u8, {1}}}, {"'a'", "twice"});
  refuse({{"__metadata__", DType::f32, {1}}}, {"__metadata__", "reserves"});
  refuse({{"a\xFF", DType::f32, {1}}}, {"UTF-8"});
  refuse({{"a", DType::f32, {1ULL << 32U, 1ULL << 32U}}}, {"'a'", "4294967296"});
  refuse({{"a", DType::f64, {1ULL << 61U}}}, {"'a'"});
  refuse({{"a", DType::u8, {1ULL << 62U}}, {"b", DType::u8, {1ULL << 62U}}}, {"'b'", "2^62"});
}

TEST_CASE("bytes out of turn are refused by tensor") {
  const TemporaryFolder folder;
  SafetensorsWriter writer(folder / "f", {{"a", DType::u8, {4}}, {"b", DType::u8, {2}}});
  check_error<InvalidArgument>([&] { writer.write("b", as_bytes("x")); }, {folder / "f", "'b'", "'a'"});
  check_error<InvalidArgument>([&] { writer.write("a", as_bytes("12345")); },
                               {folder / "f", "5 bytes", "at most 4"});
  writer.write("a", as_bytes("123"));
  check_error<InvalidArgument>([&] { writer.write("a", as_bytes("45")); }, {"at most 1"});
  check_error<InvalidArgument>([&] { writer.finish(); }, {folder / "f", "'a'", "lacks 1"});
  writer.write("a", as_bytes("4"));
  check_error<InvalidArgument>([&] { writer.finish(); }, {"'b'", "lacks 2"});
  writer.write("b", as_bytes("56"));
  check_error<InvalidArgument>([&] { writer.write("b", as_bytes("7")); }, {"'b'", "after the last"});
  CHECK(file::path_kind(folder / "f") == file::PathKind::missing);
  writer.finish();
  CHECK(file::read_file(folder / "f", 1000).ends_with("123456"));
}
