#include "asterism/checkpoint/gguf/gguf_store.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "asterism/checkpoint/gguf/split.hpp"
#include "asterism/checkpoint/weight_store.hpp"
#include "asterism/core/error.hpp"
#include "asterism/file/path.hpp"

#include "support/files.hpp"
#include "support/gguf_bytes.hpp"

using namespace asterism;
using namespace asterism::checkpoint;
using asterism::test::check_error;
using asterism::test::GgufBytes;
using asterism::test::TemporaryFolder;
using asterism::test::write_file;

namespace {

std::string golden(std::string_view name) {
  return std::string(ASTERISM_GOLDEN_DIR) + "/gguf/" + std::string(name);
}

std::string part_name(int part) { return "parts-0000" + std::to_string(part) + "-of-00003.gguf"; }

/// The three parts in a folder of their own.
void copy_parts(const TemporaryFolder& folder) {
  for (int part = 1; part <= 3; ++part) {
    std::filesystem::copy_file(golden(part_name(part)), folder / part_name(part));
  }
}

void check_refused(const TemporaryFolder& folder, std::initializer_list<std::string_view> parts) {
  for (int part = 1; part <= 3; ++part) {
    check_error<Error>([&] { GgufStore store(folder / part_name(part)); }, parts);
  }
}

/// One part of a split model.
GgufBytes part_of(std::uint16_t number, std::uint16_t count, std::int32_t tensors) {
  return GgufBytes().u16("split.no", number).u16("split.count", count).i32("split.tensors.count", tensors);
}

void check_floats(const WeightStoreRef& store, std::string_view name, const std::vector<float>& expected) {
  const TensorInfo* tensor = store.find(name);
  REQUIRE(tensor != nullptr);
  std::vector<float> values(tensor->elements);
  store.read_floats(*tensor, 0, values);
  CHECK(values == expected);
  store.release(*tensor);
}

}  // namespace

TEST_CASE("a split model is opened by any of its parts, and equals the whole") {
  for (const std::string& name : {std::string("whole.gguf"), part_name(1), part_name(2), part_name(3)}) {
    CAPTURE(name);
    GgufStore opened(golden(name));
    const GgufStore store = std::move(opened);
    store.advise_sequential();
    CHECK(store.path() == golden(name));
    CHECK(store.metadata().text("general.name") == "five tensors");
    REQUIRE(store.tensors().size() == 5);
    for (int i = 0; i < 5; ++i) {
      const auto first = static_cast<float>(i);
      check_floats(store, "tensor." + std::to_string(i), {first, first + 1, first + 2, first + 3});
    }
    CHECK(store.type_of(store.tensors()[0]).name == "F32");
    CHECK(store.find("tensor.5") == nullptr);
  }
}

TEST_CASE("reads beyond a tensor and of types of blocks that are not known are refused") {
  const GgufStore store(golden("types.gguf"));
  std::vector<float> four(4);
  check_error<InvalidArgument>([&] { store.read_floats(*store.find("t.F32"), 0, four); },
                               {"types.gguf", "'t.F32'"});
  check_error<Unsupported>([&] { store.read_floats(*store.find("t.IQ2_XS"), 0, four); },
                           {"types.gguf", "'t.IQ2_XS'"});
  CHECK(store.blocks_of(*store.find("t.IQ2_XS")) == nullptr);
  CHECK(store.blocks_of(*store.find("t.F32")) == nullptr);
  REQUIRE(store.blocks_of(*store.find("t.Q8_0")) != nullptr);
  CHECK(store.blocks_of(*store.find("t.Q8_0"))->name == "Q8_0");
  CHECK(store.describe(*store.find("t.BF16")) == golden("types.gguf") + ": tensor 't.BF16'");
  CHECK(store.type_of(*store.find("t.Q4_K")).name == "Q4_K");
  const TemporaryFolder folder;
  write_file(folder / "a.gguf", GgufBytes().floats("a", {2}, {1, -1.0F / 0.0F}).bytes());
  const GgufStore infinite(folder / "a.gguf");
  std::vector<float> two(2);
  check_error<FormatError>([&] { infinite.read_floats(infinite.tensors()[0], 0, two); }, {"'a'", "infinity", "1"});
}

TEST_CASE("parts that are missing, foreign or named otherwise are refused") {
  const auto changed = [](int part, const std::string& bytes, std::initializer_list<std::string_view> words) {
    const TemporaryFolder folder;
    copy_parts(folder);
    write_file(folder / part_name(part), bytes);
    check_refused(folder, words);
  };
  {
    const TemporaryFolder folder;
    copy_parts(folder);
    std::filesystem::remove(folder / part_name(2));
    check_refused(folder, {part_name(2), "no such file", "all its parts"});
  }
  {
    const TemporaryFolder folder;
    copy_parts(folder);
    std::filesystem::copy_file(folder / part_name(1), folder / "model.gguf");
    check_error<FormatError>([&] { GgufStore store(folder / "model.gguf"); },
                             {"model.gguf", "split.count", "is 3", "NAME-00001-of-00003.gguf"});
    std::filesystem::copy_file(golden("whole.gguf"), folder / "m-00001-of-00001.gguf");
    CHECK(GgufStore(folder / "m-00001-of-00001.gguf").tensors().size() == 5);
  }
  changed(2, part_of(2, 3, 5).bytes(), {part_name(2), "split.no", "is 2, expected 1"});
  changed(2, part_of(1, 4, 5).bytes(), {part_name(2), "split.count", "is 4, expected 3"});
  changed(3, GgufBytes().bytes(), {part_name(3), "split.count", "is 0, expected 3"});
  changed(3, part_of(2, 3, 5).bytes(), {part_name(1), "split.tensors.count", "is 5", "4 tensors"});
  changed(3, part_of(2, 3, 5).floats("tensor.0", {1}, {1}).bytes(), {"'tensor.0'", "too"});
  changed(2, "GGML", {part_name(2), "no GGUF file"});
  check_error<FileError>([] { GgufStore store("/nowhere/a.gguf"); }, {"/nowhere/a.gguf", "no such file"});
  check_error<FileError>([] { GgufStore store("/dev/null"); }, {"/dev/null"});
}

TEST_CASE("names of parts") {
  CHECK(gguf_parts("d/m-00002-of-00002.gguf") ==
        std::vector<std::string>{"d/m-00001-of-00002.gguf", "d/m-00002-of-00002.gguf"});
  CHECK(gguf_parts("m-00001-of-00012.gguf")[11] == "m-00012-of-00012.gguf");
  for (const std::string_view other :
       {"m.gguf", "m-00000-of-00002.gguf", "m-00003-of-00002.gguf", "-00001-of-00002.gguf", "m-0001-of-0002.gguf",
        "m-0000x-of-00002.gguf", "m-00001-of-00002.gguf.part"}) {
    CAPTURE(other);
    CHECK(gguf_parts(other).empty());
  }
}
