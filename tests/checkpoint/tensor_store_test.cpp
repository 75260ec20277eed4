#include "asterism/checkpoint/safetensors/tensor_store.hpp"

#include <string>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include "asterism/checkpoint/safetensors/dtype.hpp"
#include "asterism/core/error.hpp"
#include "asterism/file/path.hpp"
#include "asterism/json/json.hpp"

#include "support/files.hpp"

using namespace asterism;
using namespace asterism::checkpoint;
using asterism::test::check_error;
using asterism::test::Entry;
using asterism::test::golden;
using asterism::test::raw;
using asterism::test::safetensors_file;
using asterism::test::TemporaryFolder;
using asterism::test::write_file;

namespace {

const std::string index_file = "model.safetensors.index.json";

void check_store(const TemporaryFolder& folder, std::initializer_list<std::string_view> parts) {
  check_error<Error>([&] { TensorStore store(folder.path()); }, {folder.path()});
  check_error<Error>([&] { TensorStore store(folder.path()); }, parts);
}

/// Two shards, "a" in m1 and "b" in m2.
void write_two_shards(const TemporaryFolder& folder) {
  write_file(folder / "m1", safetensors_file({{"a", "F32", "[1]", raw({1.0F})}}));
  write_file(folder / "m2", safetensors_file({{"b", "F32", "[2]", raw({2.0F, 3.0F})}}));
  write_file(folder / index_file, R"({"weight_map":{"a":"m1","b":"m2"}})");
}

}  // namespace

TEST_CASE("the shards that transformers wrote hold the values that it wrote") {
  TensorStore opened(golden("sharded") + "//");
  const TensorStore store = std::move(opened);
  store.advise_sequential();
  const json::Value sums = json::parse(file::read_file(golden("sharded/sums.json"), 100'000), "sums.json");
  CHECK(store.folder() == golden("sharded"));
  REQUIRE(store.tensors().size() == sums.size());
  REQUIRE(sums.size() > 20);
  for (const TensorInfo& tensor : store.tensors()) {
    CAPTURE(tensor.name);
    CHECK(store.find(tensor.name) == &tensor);
    CHECK(&store.at(tensor.name) == &tensor);
    std::vector<float> values(tensor.elements);
    store.read_floats(tensor, 0, values);
    double sum = 0;
    for (const float value : values) sum += double{value};
    CHECK(sum == doctest::Approx(sums[tensor.name].get<double>()).epsilon(1e-9));
    store.release(tensor);
    std::vector<float> part(3);
    store.read_floats(tensor, tensor.elements - 3, part);
    CHECK(part[2] == values.back());
  }
  CHECK(store.at("lm_head.weight").shape == std::vector<std::uint64_t>{48, 16});
  CHECK(store.find("nothing") == nullptr);
  CHECK(store.find("") == nullptr);
  check_error<FormatError>([&] { store.at("nothing"); }, {golden("sharded"), "'nothing'", "missing"});
}

TEST_CASE("16-bit floats are read as the reference reads them") {
  const TemporaryFolder folder;
  REQUIRE(::symlink(std::filesystem::absolute(golden("half.safetensors")).c_str(),
                    (folder / "model.safetensors").c_str()) == 0);
  const TensorStore store(folder.path());
  for (const std::string name : {"f16", "bf16"}) {
    const TensorInfo& stored = store.at(name);
    REQUIRE(stored.elements > 600);
    std::vector<float> values(stored.elements);
    std::vector<float> expected(stored.elements);
    store.read_floats(stored, 0, values);
    store.read_floats(store.at(name + ".float"), 0, expected);
    CHECK(values == expected);
  }
}

TEST_CASE("elements are read in any range and refused outside") {
  const TemporaryFolder folder;
  write_file(folder / "model.safetensors",
             safetensors_file({{"odd", "U8", "[1]", "x"},
                               {"a", "F32", "[4]", raw({1.0F, 2.0F, 3.0F, 4.0F})},
                               {"nan", "F32", "[2]", raw<std::uint32_t>({0, 0x7FC00000})},
                               {"inf", "BF16", "[2]", raw<std::uint16_t>({0xFF80, 0})},
                               {"int", "I32", "[1]", raw({1})},
                               {"none", "F32", "[0,3]", ""}}));
  const TensorStore store(folder.path());
  const TensorInfo& a = store.at("a");
  std::vector<float> two(2);
  store.read_floats(a, 1, two);
  CHECK(two == std::vector<float>{2, 3});
  store.read_floats(a, 2, two);
  CHECK(two == std::vector<float>{3, 4});
  store.read_floats(a, 4, {});
  store.read_floats(store.at("none"), 0, {});
  CHECK(store.bytes(store.at("none")).empty());
  const std::string& path = store.file_of(a);
  check_error<InvalidArgument>([&] { store.read_floats(a, 3, two); }, {path, "'a'", "4"});
  check_error<InvalidArgument>([&] { store.read_floats(a, ~std::uint64_t{0}, two); }, {path, "'a'"});
  check_error<FormatError>([&] { store.read_floats(store.at("nan"), 0, two); },
                           {path, "'nan'", "NaN", "element 1"});
  check_error<FormatError>([&] { store.read_floats(store.at("inf"), 0, two); },
                           {path, "'inf'", "infinity", "element 0"});
  std::vector<float> one(1);
  check_error<FormatError>([&] { store.read_floats(store.at("nan"), 1, one); }, {"element 1"});
  CHECK_NOTHROW(store.read_floats(store.at("nan"), 0, one));
  check_error<Unsupported>([&] { store.read_floats(store.at("int"), 0, one); }, {path, "'int'", "I32"});
  REQUIRE(::truncate(path.c_str(), static_cast<off_t>(a.offset + 6)) == 0);  // while it is in use
  CHECK_NOTHROW(store.read_floats(a, 0, one));
  check_error<FileError>([&] { store.read_floats(a, 0, two); }, {path, "truncated"});
  check_error<FileError>([&] { store.bytes(a); }, {path, "truncated"});
}

TEST_CASE("a folder without weights says what is missing") {
  const TemporaryFolder folder;
  check_error<FileError>([] { TensorStore store("/nowhere/at/all"); }, {"/nowhere/at/all", "no such folder"});
  check_store(folder, {"neither model.safetensors nor"});
  write_file(folder / "pytorch_model.bin", "");
  check_store(folder, {"pytorch_model.bin", "save_pretrained"});
  check_error<FileError>([&] { TensorStore store(folder / "pytorch_model.bin"); }, {"no folder"});
  check_error<FileError>([] { TensorStore store(""); }, {"empty"});
}

TEST_CASE("both forms of a checkpoint at once are ambiguous") {
  const TemporaryFolder folder;
  write_two_shards(folder);
  CHECK(TensorStore(folder.path()).tensors().size() == 2);
  write_file(folder / "model.safetensors", safetensors_file({{"a", "F32", "[1]", raw({1.0F})}}));
  check_store(folder, {"both"});
}

TEST_CASE("index and shards must agree") {
  const TemporaryFolder folder;
  write_two_shards(folder);
  SUBCASE("agree") {
    const TensorStore store(folder.path());
    CHECK(store.at("a").file == 0);
    CHECK(store.at("b").file == 1);
    CHECK(store.file_of(store.at("b")) == folder / "m2");
  }
  SUBCASE("a shard is missing") {
    REQUIRE(::unlink((folder / "m2").c_str()) == 0);
    check_store(folder, {index_file, "m2", "missing"});
  }
  SUBCASE("a shard is a link to nothing") {
    REQUIRE(::unlink((folder / "m2").c_str()) == 0);
    REQUIRE(::symlink("blob", (folder / "m2").c_str()) == 0);
    check_store(folder, {"m2", "does not exist"});
  }
  SUBCASE("a tensor is in the other shard") {
    write_file(folder / index_file, R"({"weight_map":{"a":"m2","b":"m2","c":"m1"}})");
    check_store(folder, {index_file, "'a'", "m2", "m1"});
  }
  SUBCASE("a tensor is in no shard") {
    write_file(folder / index_file, R"({"weight_map":{"a":"m1","b":"m2","c":"m1"}})");
    check_store(folder, {index_file, "'c'", "m1"});
  }
  SUBCASE("a tensor is not in the index") {
    write_file(folder / "m2", safetensors_file({{"b", "U8", "[1]", "x"}, {"surplus", "U8", "[1]", "x"}}));
    check_store(folder, {"m2", "'surplus'", index_file});
  }
  SUBCASE("two shards hold the same tensor") {
    write_file(folder / "m2", safetensors_file({{"b", "U8", "[1]", "x"}, {"a", "U8", "[1]", "x"}}));
    check_store(folder, {"m2", "'a'", "m1"});
  }
  SUBCASE("the index leaves the folder") {
    write_file(folder / index_file, R"({"weight_map":{"a":"../m1"}})");
    check_store(folder, {index_file, "'a'", "../m1"});
  }
  SUBCASE("the index names a shard that no file system can hold, in a message of moderate length") {
    write_file(folder / index_file, R"({"weight_map":{"a":")" + std::string(5000, 'm') + "\"}}");
    check_store(folder, {index_file, "'a'", "mmm..."});
    CHECK(test::message_of<Error>([&] { TensorStore store(folder.path()); }).size() < 600);
  }
  SUBCASE("the index is broken") {
    write_file(folder / index_file, R"({"weight_map":{"a":"m1",)");
    check_store(folder, {index_file, "JSON"});
  }
  SUBCASE("the index is too large") {
    REQUIRE(::truncate((folder / index_file).c_str(), static_cast<off_t>(max_weight_index + 1)) == 0);
    check_store(folder, {index_file, "at most"});
  }
  SUBCASE("a shard is broken") {
    write_file(folder / "m2", "short");
    check_store(folder, {"m2", "truncated"});
  }
}

TEST_CASE("what is no regular file is an error, never a hang") {
  const TemporaryFolder folder;
  const std::string single = folder / "model.safetensors";
  const std::string index = folder / index_file;
  SUBCASE("pipe") {
    REQUIRE(::mkfifo(single.c_str(), 0600) == 0);
    check_store(folder, {"model.safetensors", "named pipe"});
  }
  SUBCASE("device") {
    REQUIRE(::symlink("/dev/zero", single.c_str()) == 0);
    check_store(folder, {"model.safetensors", "device"});
  }
  SUBCASE("loop of links") {
    REQUIRE(::symlink("model.safetensors", single.c_str()) == 0);
    check_store(folder, {"model.safetensors", "symbolic links"});
  }
  SUBCASE("link to nothing") {
    REQUIRE(::symlink("blob", single.c_str()) == 0);
    check_store(folder, {"model.safetensors", "does not exist"});
  }
  SUBCASE("folder") {
    REQUIRE(::mkdir(single.c_str(), 0700) == 0);
    check_store(folder, {"model.safetensors", "a folder"});
  }
  SUBCASE("index is a pipe") {
    REQUIRE(::mkfifo(index.c_str(), 0600) == 0);
    check_store(folder, {index_file, "named pipe"});
  }
  SUBCASE("shard is a pipe") {
    write_two_shards(folder);
    REQUIRE(::unlink((folder / "m1").c_str()) == 0);
    REQUIRE(::mkfifo((folder / "m1").c_str(), 0600) == 0);
    check_store(folder, {"m1", "named pipe"});
  }
  SUBCASE("shard is a device") {
    write_two_shards(folder);
    REQUIRE(::unlink((folder / "m1").c_str()) == 0);
    REQUIRE(::symlink("/dev/zero", (folder / "m1").c_str()) == 0);
    check_store(folder, {"m1", "device"});
  }
  SUBCASE("shard's name is too long") {
    write_file(index, R"({"weight_map":{"a":")" + std::string(5000, 'x') + "\"}}");
    check_store(folder, {"too long"});
  }
}
