#include "asterism/checkpoint/safetensors/float_bits.hpp"

#include <string>
#include <vector>

#include "asterism/checkpoint/safetensors/dtype.hpp"
#include "asterism/core/error.hpp"

#include "support/files.hpp"

using namespace asterism;
using namespace asterism::checkpoint;
using asterism::test::as_bytes;
using asterism::test::check_error;
using asterism::test::raw;

namespace {

std::vector<float> floats(DType dtype, std::string_view bytes) {
  std::vector<float> out(bytes.size() / dtype_size(dtype));
  to_floats(
      dtype, as_bytes(bytes).data, out, [] { return "the tensor"; }, 100);
  return out;
}

}  // namespace

TEST_CASE("stored elements become the floats of the same value") {
  CHECK(floats(DType::f32, raw({1.5F, -0.25F, 1e-45F, 3.4028235e38F})) ==
        std::vector<float>{1.5F, -0.25F, 1e-45F, 3.4028235e38F});
  CHECK(floats(DType::f16, raw<std::uint16_t>({0x3C00, 0xC000, 0x0001, 0x03FF, 0x0400, 0x7BFF})) ==
        std::vector<float>{1, -2, 0x1p-24F, 0x1.FF8p-15F, 0x1p-14F, 65504});
  CHECK(floats(DType::bf16, raw<std::uint16_t>({0x3F80, 0xC000, 0x0001, 0x7F7F})) ==
        std::vector<float>{1, -2, 0x1p-133F, 0x1.FEp127F});
}

TEST_CASE("the source need not be aligned") {
  const std::string bytes = "x" + raw({1.5F, 2.5F});
  CHECK(floats(DType::f32, std::string_view(bytes).substr(1)) == std::vector<float>{1.5F, 2.5F});
}

TEST_CASE("NaN and infinity are refused, with the element") {
  check_error<FormatError>(
      [] {
        floats(DType::f32, raw<std::uint32_t>({0, 0x7FC00000}));
      },
      {"the tensor", "NaN", "101"});
  check_error<FormatError>([] { floats(DType::f32, raw<std::uint32_t>({0xFF800000})); }, {"infinity", "100"});
  check_error<FormatError>([] { floats(DType::f32, raw<std::uint32_t>({0x7F800001})); }, {"NaN"});
  check_error<FormatError>([] { floats(DType::f16, raw<std::uint16_t>({0, 0, 0x7C00})); }, {"infinity", "102"});
  check_error<FormatError>([] { floats(DType::f16, raw<std::uint16_t>({0xFE00})); }, {"NaN"});
  check_error<FormatError>([] { floats(DType::bf16, raw<std::uint16_t>({0x7F80})); }, {"infinity"});
  check_error<FormatError>([] { floats(DType::bf16, raw<std::uint16_t>({0x7F81})); }, {"NaN"});
}

TEST_CASE("an element that is no number is found at any place of a long tensor") {
  for (std::size_t size : {63U, 64U, 65U, 200U}) {
    std::vector<std::uint16_t> stored(size, 0x3F80);
    const std::string_view bytes(reinterpret_cast<const char*>(stored.data()), size * 2);
    CHECK(floats(DType::bf16, bytes) == std::vector<float>(size, 1.0F));
    for (std::size_t i = 0; i < size; ++i) {
      stored[i] = 0xFF80;
      check_error<FormatError>([&] { floats(DType::bf16, bytes); }, {" element " + std::to_string(100 + i) + ";"});
      stored[i] = 0x3F80;
    }
  }
}

TEST_CASE("other dtypes are refused by name") {
  check_error<Unsupported>([] { floats(DType::i32, raw<std::uint32_t>({0})); }, {"the tensor", "I32", "BF16"});
}
