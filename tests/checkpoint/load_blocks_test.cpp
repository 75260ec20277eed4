// Weights in blocks of ggml: adopted as they are stored, decoded, refused or quantized again; and blocks that are bad.
#include <cstring>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/checkpoint/gguf/gguf_store.hpp"
#include "asterism/checkpoint/gguf/keys.hpp"
#include "asterism/checkpoint/gguf/writer.hpp"
#include "asterism/checkpoint/load_weights.hpp"
#include "asterism/core/error.hpp"
#include "asterism/file/path.hpp"
#include "asterism/kernels.hpp"
#include "asterism/quant/float32.hpp"
#include "asterism/quant/ggml_formats.hpp"
#include "asterism/quant/nf4.hpp"

#include "support/files.hpp"
#include "support/packed_matrix.hpp"
#include "support/rows.hpp"

using namespace asterism;
using namespace asterism::checkpoint;
using test::check_error;
using test::TemporaryFolder;

namespace {

constexpr std::uint64_t rows = 24;
constexpr std::uint64_t cols = 512;

/// Bytes aligned as those of matrices.
template <class Format>
struct Matrix {
  Matrix() : storage(Format::planes(rows, cols).bytes().count + alignment, std::byte{0xAA}) {
    const auto address = reinterpret_cast<std::uintptr_t>(storage.data());
    data = storage.data() + (aligned(address) - address);
  }
  backend::DeviceWeights<Format> target() { return {data, rows, cols, 0}; }
  std::vector<float> decoded() const {
    std::vector<float> out(rows * cols);
    Format::decode({data, rows, cols}, 0, out);
    return out;
  }

  std::vector<std::byte> storage;
  std::byte* data;
};

/// A file with one tensor of three times `rows` rows in blocks of Format, the second third of which is a weight.
template <class Format>
struct File {
  explicit File(const std::function<void(std::byte* third)>& change = [](std::byte*) {})
      : third(Format::planes(rows, cols).planes[0].bytes),
        whole(3 * rows, cols, test::random_row(3 * rows * cols, 7, 0.02F)) {
    change(whole.bytes() + third);
    GgufWriter writer(path(), {}, {{"w", DType::f32, {3, rows, cols}, &Format::codec()}});
    writer.write("w", {whole.bytes(), static_cast<std::size_t>(3 * third)});
    writer.finish();
  }

  std::string path() const { return folder / "m.gguf"; }
  FoundWeight weight(const GgufStore& store) const {
    FoundWeight found{.id = {}, .location = {.name = "w", .shape = {3, rows, cols}, .first = rows * cols}};
    found.tensor = store.find("w");
    REQUIRE(found.tensor != nullptr);
    found.blocks = store.blocks_of(*found.tensor);
    return found;
  }

  TemporaryFolder folder;
  std::uint64_t third;
  test::PackedMatrix<Format> whole;
};

}  // namespace

TEST_CASE_TEMPLATE("blocks are adopted as they are stored", Q, quant::Q4_0, quant::Q4_1, quant::Q5_0, quant::Q5_1,
                   quant::Q8_0, quant::Q2_K, quant::Q3_K, quant::Q4_K, quant::Q5_K, quant::Q6_K, quant::IQ4_NL,
                   quant::IQ4_XS, quant::MXFP4) {
  File<Q> file;
  const GgufStore store(file.path());
  CHECK(store.type_of(*store.find("w")).name == Q::format_name);
  const FoundWeight found = file.weight(store);
  Matrix<Q> matrix;
  load_weight(store, found, matrix.target());
  CHECK(std::memcmp(matrix.data, file.whole.view().data + file.third, file.third) == 0);
  for (std::size_t i = file.third; i < Q::planes(rows, cols).bytes().count; ++i) CHECK(matrix.data[i] == std::byte{0});
  // As plain numbers they are decoded, from any element on.
  std::vector<float> expected(rows * cols);
  Q::decode(file.whole.view(), rows * cols, expected);
  Matrix<quant::Float32> plain;
  load_weight(store, found, plain.target());
  CHECK(plain.decoded() == expected);
  std::vector<float> some(3001);
  read_floats(store, found, 777, some);
  CHECK(std::memcmp(some.data(), expected.data() + 777, some.size() * sizeof(float)) == 0);
}

TEST_CASE("rows that stand in another order are gathered as they are stored") {
  const File<quant::Q4_K> file;
  const GgufStore store(file.path());
  FoundWeight found = file.weight(store);
  found.location.first = 0;
  found.location.rows = {.groups = rows / 2, .group_rows = 2, .cols = cols, .parts = {{{0, 1}, {1, 1}}}};
  Matrix<quant::Q4_K> matrix;
  load_weight(store, found, matrix.target());
  std::vector<float> all(3 * rows * cols);
  quant::Q4_K::decode(file.whole.view(), 0, all);
  const std::vector<float> gathered = matrix.decoded();
  for (std::size_t row = 0; row < rows; ++row) {
    const std::size_t from = row < rows / 2 ? 2 * row : 2 * (row - rows / 2) + 1;
    CHECK(std::memcmp(gathered.data() + row * cols, all.data() + from * cols, cols * sizeof(float)) == 0);
  }
}

TEST_CASE("another format of codes is refused unless quantizing again is allowed") {
  const File<quant::Q4_K> file;
  const GgufStore store(file.path());
  FoundWeight found = file.weight(store);
  Matrix<quant::Q8_0> matrix;
  check_error<Unsupported>([&] { load_weight(store, found, matrix.target()); },
                           {"m.gguf", "'w'", "Q4_K", "Q8_0", "Blueprint", "quantize_again"});
  Matrix<quant::Nf4<>> other;
  check_error<Unsupported>([&] { load_weight(store, found, other.target()); }, {"'w'", "Q4_K", "nf4 block 64"});
  found.quantize_again = true;
  load_weight(store, found, matrix.target());
  load_weight(store, found, other.target());
  std::vector<float> expected(rows * cols);
  quant::Q4_K::decode(file.whole.view(), rows * cols, expected);
  const test::PackedMatrix<quant::Q8_0> encoded(rows, cols, expected);
  CHECK(matrix.decoded() == encoded.decoded());
  CHECK(other.decoded() == test::PackedMatrix<quant::Nf4<>>(rows, cols, expected).decoded());
}

TEST_CASE("scales that are not finite are refused, adopted or decoded") {
  const auto infinite = [](std::byte* third) {
    std::byte* block = third + 5 * quant::Q4_K::block_bytes;
    block[2] = std::byte{0x00}, block[3] = std::byte{0x7C};
  };
  const File<quant::Q4_K> file(infinite);
  const GgufStore store(file.path());
  const FoundWeight found = file.weight(store);
  const std::initializer_list<std::string_view> parts = {"m.gguf", "'w'", "block 53", "elements 13568 to 13823",
                                                         "Q4_K", "infinite"};
  Matrix<quant::Q4_K> same;
  check_error<FormatError>([&] { load_weight(store, found, same.target()); }, parts);
  Matrix<quant::Float32> plain;
  check_error<FormatError>([&] { load_weight(store, found, plain.target()); }, parts);
  std::vector<float> before(1280);
  read_floats(store, found, 0, before);
  check_error<InvalidArgument>([&] { store.read_floats(*found.tensor, 3 * rows * cols - 10, before); },
                               {"'w'", "1280 asked for"});
}

TEST_CASE("a file that ends within a block is refused") {
  const File<quant::Q6_K> file;
  std::string bytes = file::read_file(file.path(), 1U << 20U);
  bytes.resize(bytes.size() - 100);
  test::write_file(file.path(), bytes);
  check_error<FormatError>([&] { GgufStore{file.path()}; }, {"m.gguf", "'w'", "truncated"});
}

TEST_CASE("rows that are not whole blocks are not written") {
  const TemporaryFolder folder;
  const quant::BlockCodec* codec = &quant::Q4_K::codec();
  const auto write = [&] { GgufWriter(folder / "a.gguf", {}, {{"t", DType::f32, {4, 300}, codec}}); };
  check_error<InvalidArgument>(write, {"'t'", "[4, 300]", "256", "Q4_K"});
}
