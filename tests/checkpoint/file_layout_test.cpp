// Weights as the tensors of a file: read back, they are the same bytes.
#include "asterism/checkpoint/bitsandbytes/file_layout.hpp"

#include <cstring>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/checkpoint/bitsandbytes/bnb_tensor.hpp"
#include "asterism/checkpoint/bitsandbytes/quant_state.hpp"
#include "asterism/checkpoint/safetensors/dtype.hpp"
#include "asterism/checkpoint/safetensors/tensor_store.hpp"
#include "asterism/checkpoint/safetensors/writer.hpp"
#include "asterism/core/random.hpp"
#include "asterism/json/json.hpp"
#include "asterism/kernels.hpp"
#include "asterism/quant/bfloat16.hpp"
#include "asterism/quant/float16.hpp"
#include "asterism/quant/float32.hpp"
#include "asterism/quant/half_precision.hpp"
#include "asterism/quant/least_squares.hpp"
#include "asterism/quant/nf4.hpp"

#include "checkpoint/edited_checkpoint.hpp"
#include "support/packed_matrix.hpp"

using namespace asterism;
using namespace asterism::checkpoint;
using asterism::test::as_bytes;
using asterism::test::EditedCheckpoint;
using asterism::test::golden_model;
using asterism::test::PackedMatrix;
using asterism::test::TemporaryFolder;

namespace {

std::vector<float> random_values(std::size_t count, float scale, float shift) {
  Random random(count);
  std::vector<float> values(count);
  for (float& value : values) value = shift + scale * static_cast<float>(random.normal());
  return values;
}

/// Writes a matrix as a file of its own and returns its folder's store.
template <class Format>
TensorStore written(PackedMatrix<Format>& matrix, std::uint64_t rows, std::uint64_t cols,
                    const std::string& folder) {
  using Stored = FileLayout<Format>;
  const std::vector<TensorDeclaration> parts = Stored::declare("layer.weight", rows, cols);
  SafetensorsWriter writer(folder + "/model.safetensors", parts);
  for (const TensorInfo& tensor : writer.tensors()) {
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (parts[i].name != tensor.name) continue;
      const std::string bytes = Stored::bytes(i, matrix.bytes(), rows, cols, "bfloat16");
      CHECK(bytes.size() == tensor.bytes);
      writer.write(tensor.name, as_bytes(bytes));
    }
  }
  writer.finish();
  return TensorStore(folder);
}

template <class Format>
void check_four_bit(std::uint64_t rows, std::uint64_t cols, float scale, float shift) {
  CAPTURE(Format::name());
  CAPTURE(rows);
  PackedMatrix<Format> matrix(rows, cols, random_values(rows * cols, scale, shift));
  const TemporaryFolder folder;
  const TensorStore store = written(matrix, rows, cols, folder.path());
  const auto found = find_four_bit(store, "layer.weight");
  REQUIRE(found);
  CHECK(found->kind == FourBitKind::nf4);
  CHECK(found->blocksize == static_cast<std::uint64_t>(Format::block));
  CHECK(found->shape == std::vector<std::uint64_t>{rows, cols});
  CHECK(found->dtype == "bfloat16");
  CHECK(found->nested == FileLayout<Format>::nested);
  std::vector<float> read(rows * cols);
  read_floats(*found, 0, read);
  std::vector<float> expected = matrix.decoded();
  for (float& value : expected) value = quant::float_from_bfloat16(quant::bfloat16_from_float(value));
  CHECK(read == expected);
  CHECK(store.tensors().size() == (found->nested ? 6 : 4));
}

}  // namespace

TEST_CASE("4-bit weights read back as they were, scales and nested offset to the bit") {
  using quant::DoubleQuantized;
  using quant::Nf4;
  using quant::PlainScales;
  check_four_bit<Nf4<64, PlainScales>>(24, 64, 0.02F, 0);
  check_four_bit<Nf4<64, PlainScales>>(3, 7, 1, 0);  // one short block, an odd number of weights
  check_four_bit<Nf4<64, DoubleQuantized>>(24, 64, 0.02F, 0);
  check_four_bit<Nf4<64, DoubleQuantized>>(300, 65, 3e-5F, 0);  // blocks over the ends of rows, two nested groups
  check_four_bit<Nf4<64, DoubleQuantized>>(24, 64, 1e-30F, 1e-36F);
  check_four_bit<Nf4<64, DoubleQuantized>>(24, 64, 1e30F, 0);
  check_four_bit<Nf4<128, DoubleQuantized>>(24, 64, 0.02F, 0);
  check_four_bit<Nf4<64, DoubleQuantized, quant::LeastSquares>>(24, 64, 0.02F, 0);
}

TEST_CASE("the description fits its fixed length for every size") {
  using Format = quant::Nf4<4096, quant::DoubleQuantized>;
  const quant::Planes planes = Format::planes(1, 2);
  std::vector<std::byte> slab(planes.bytes().count);
  const float offset = -1.17549421e-38F;  // many digits
  std::memcpy(slab.data() + planes.find("offset")->offset, &offset, sizeof offset);
  const std::string state = FileLayout<Format>::bytes(5, slab.data(), 1, 2, "bfloat16");
  CHECK(state.size() == FileLayout<Format>::state_bytes);
  const json::Value json = json::parse(state, "state");
  CHECK(static_cast<float>(json["nested_offset"].get<double>()) == offset);
  CHECK(json["shape"] == json::Value({1, 2}));
  constexpr std::size_t digits = 10;  // of the largest size
  CHECK(state.find_last_not_of(' ') + 2 * digits < FileLayout<Format>::state_bytes);
}

TEST_CASE("the layout is bitsandbytes' own") {
  const EditedCheckpoint golden(golden_model("bnb_experts"));
  const std::string name = "model.layers.0.block_sparse_moe.experts.0.w1.weight";
  const auto nested = FileLayout<quant::Nf4<64, quant::DoubleQuantized>>::declare(name, 176, 96);
  std::size_t siblings = 0;
  for (const auto& [other, tensor] : golden.tensors) siblings += other.starts_with(name) ? 1 : 0;
  CHECK(nested.size() == siblings);
  for (const TensorDeclaration& part : nested) {
    CAPTURE(part.name);
    REQUIRE(golden.tensors.count(part.name) == 1);
    const EditedCheckpoint::Tensor& tensor = golden.tensors.at(part.name);
    CHECK(part.dtype == tensor.dtype);
    if (!part.name.ends_with("nf4")) CHECK(part.shape == tensor.shape);
  }
  CHECK(FileLayout<quant::Nf4<64, quant::DoubleQuantized>>::bytes(4, nullptr, 1, 1, "") ==
        golden.tensors.at(name + ".quant_map").bytes);

  const EditedCheckpoint plain(golden_model("bnb_router4"));
  for (const TensorDeclaration& part : FileLayout<quant::Nf4<64, quant::PlainScales>>::declare(name, 90, 72)) {
    CAPTURE(part.name);
    REQUIRE(plain.tensors.count(part.name) == 1);
    CHECK(part.dtype == plain.tensors.at(part.name).dtype);
    if (!part.name.ends_with("nf4")) CHECK(part.shape == plain.tensors.at(part.name).shape);
  }
}

TEST_CASE("plain formats are one tensor of their values") {
  const std::vector<float> values = random_values(5 * 7, 1, 0);
  const TemporaryFolder folder;
  const auto check = [&]<class Format>(Format, DType dtype) {
    CAPTURE(Format::name());
    PackedMatrix<Format> matrix(5, 7, values);
    const TensorStore store = written(matrix, 5, 7, folder.path());
    REQUIRE(store.tensors().size() == 1);
    CHECK(store.tensors()[0].dtype == dtype);
    CHECK(store.tensors()[0].shape == std::vector<std::uint64_t>{5, 7});
    std::vector<float> read(35);
    store.read_floats(store.tensors()[0], 0, read);
    CHECK(read == matrix.decoded());
  };
  check(quant::Float32{}, DType::f32);
  check(quant::Float16{}, DType::f16);
  check(quant::BFloat16{}, DType::bf16);
}
