#include "asterism/checkpoint/checkpoint_writer.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "asterism/checkpoint/safetensors/dtype.hpp"
#include "asterism/checkpoint/safetensors/tensor_store.hpp"
#include "asterism/checkpoint/safetensors/writer.hpp"
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

/// Writes all that `store` holds, its tensors declared by name.
void copy(const TensorStore& store, const std::string& folder, Bytes max_shard) {
  std::vector<TensorDeclaration> declarations;
  for (const TensorInfo& tensor : store.tensors())
    declarations.push_back({tensor.name, tensor.dtype, tensor.shape});
  std::sort(declarations.begin(), declarations.end(),
            [](const TensorDeclaration& a, const TensorDeclaration& b) { return a.name < b.name; });
  CheckpointWriter writer(folder, std::move(declarations), max_shard);
  for (const TensorInfo& tensor : writer.tensors()) {
    const std::vector<std::byte> bytes = store.bytes(store.at(tensor.name));
    for (std::size_t done = 0; done < bytes.size(); done += 1000) {
      writer.write(tensor.name, {bytes.data() + done, std::min<std::size_t>(1000, bytes.size() - done)});
    }
  }
  writer.write_text("config.json", file::read_file(store.folder() + "/config.json", 100'000));
  writer.finish();
}

void check_equal(const TensorStore& a, const TensorStore& b) {
  REQUIRE(a.tensors().size() == b.tensors().size());
  for (const TensorInfo& tensor : a.tensors()) {
    const TensorInfo& other = b.at(tensor.name);
    CHECK(other.dtype == tensor.dtype);
    CHECK(other.shape == tensor.shape);
    CHECK(a.bytes(tensor) == b.bytes(other));
  }
}

}  // namespace

TEST_CASE("shards are named and divided as Hugging Face does") {
  CHECK(shard_name(0, 1) == "model.safetensors");
  CHECK(shard_name(1, 41) == "model-00002-of-00041.safetensors");
  CHECK(shard_name(99'999, 123'456) == "model-100000-of-123456.safetensors");
  const auto sizes = [](std::vector<std::uint64_t> bytes, std::uint64_t max) {
    std::vector<TensorDeclaration> tensors;
    for (const std::uint64_t size : bytes) tensors.push_back({std::to_string(tensors.size()), DType::u8, {size}});
    std::vector<std::size_t> counts;
    for (const auto& shard : split_into_shards(std::move(tensors), Bytes{max})) counts.push_back(shard.size());
    return counts;
  };
  CHECK(sizes({4, 4, 4}, 8) == std::vector<std::size_t>{2, 1});
  CHECK(sizes({4, 9, 4}, 8) == std::vector<std::size_t>{1, 2});  // the large one alone and first
  CHECK(sizes({4, 4, 4}, 12) == std::vector<std::size_t>{3});
  CHECK(sizes({}, 8) == std::vector<std::size_t>{0});
}

TEST_CASE("a checkpoint is written whole or in shards, read back equal, and replaced") {
  const TemporaryFolder parent;
  const TensorStore original(golden("sharded"));
  const std::string out = parent / "out";
  copy(original, out, 1_GB);
  CHECK(file::folder_entries(out) == std::vector<std::string>{"config.json", "model.safetensors"});
  check_equal(original, TensorStore(out));
  test::write_file(out + "/notes.txt", "mine");
  copy(original, out, Bytes{3'500});
  const TensorStore sharded(out);
  check_equal(original, sharded);
  CHECK(file::path_kind(out + "/model.safetensors") == file::PathKind::missing);
  const std::size_t count = sharded.tensors().back().file + 1;
  CHECK(count > 10);
  CHECK(file::path_kind(out + "/" + shard_name(count - 1, count)) == file::PathKind::file);
  CHECK(file::read_file(out + "/notes.txt", 100) == "mine");
  std::vector<std::uint64_t> shard_bytes(count);
  for (const TensorInfo& tensor : sharded.tensors()) shard_bytes[tensor.file] += tensor.bytes;
  for (const std::uint64_t bytes : shard_bytes) CHECK(bytes <= 3'500);
  copy(original, out, 1_GB);
  CHECK(file::folder_entries(out) == std::vector<std::string>{"config.json", "model.safetensors", "notes.txt"});
  check_equal(original, TensorStore(out));
  check_equal(original, sharded);  // what is mapped outlives its names
  CHECK(file::folder_entries(parent.path()) == std::vector<std::string>{"out"});
}

TEST_CASE("an unfinished checkpoint leaves nothing") {
  const TemporaryFolder parent;
  {
    CheckpointWriter writer(parent / "out", {{"a", DType::u8, {4}}, {"b", DType::u8, {4}}}, 4_B);
    writer.write("a", as_bytes("1234"));
    writer.write("b", as_bytes("12"));
    writer.write_text("config.json", "{}");
    check_error<InvalidArgument>([&] { writer.finish(); }, {parent / "out", "'b'", "lacks 2"});
  }
  CHECK(file::folder_entries(parent.path()).empty());
}

TEST_CASE("misuse is refused by tensor or name") {
  const TemporaryFolder parent;
  CheckpointWriter writer(parent / "out", {{"e", DType::u8, {0}}, {"a", DType::u8, {4}}, {"b", DType::u8, {4}}},
                          4_B);
  check_error<InvalidArgument>([&] { writer.write("b", as_bytes("1234")); }, {"'b'", "'a'"});
  for (const std::string_view name :
       {"../x", "a/b", "", ".", "model.safetensors", "model-00001-of-00002.safetensors"}) {
    check_error<InvalidArgument>([&] { writer.write_text(name, "x"); },
                                 {parent / "out", "'" + std::string(name) + "'"});
  }
  writer.write("a", as_bytes("1234"));
  writer.write("b", as_bytes("1234"));
  check_error<InvalidArgument>([&] { writer.write("b", as_bytes("1234")); }, {"after the last"});
  writer.finish();
  CHECK(TensorStore(parent / "out").tensors().size() == 3);
  check_error<InvalidArgument>([&] { writer.write_text("late", "x"); }, {"finished"});
  check_error<InvalidArgument>([&] { writer.finish(); }, {"finished"});
  check_error<InvalidArgument>(
      [&] {
        CheckpointWriter twice(parent / "two", {{"a", DType::u8, {4}}, {"a", DType::u8, {4}}}, 4_B);
      },
      {"'a'", "twice"});
  CHECK(file::folder_entries(parent.path()) == std::vector<std::string>{"out"});
}

TEST_CASE("shards of empty tensors alone are written too") {
  const TemporaryFolder parent;
  CheckpointWriter writer(parent / "out", {{"a", DType::u8, {0}}, {"b", DType::f32, {0, 4}}}, 4_B);
  writer.finish();
  CHECK(TensorStore(parent / "out").tensors().size() == 2);
}
