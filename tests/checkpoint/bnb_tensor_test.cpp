#include "asterism/checkpoint/bitsandbytes/bnb_tensor.hpp"

#include <bit>
#include <string>
#include <vector>

#include "asterism/core/error.hpp"
#include "asterism/quant/half_precision.hpp"
#include "asterism/quant/nf4_table.hpp"

#include "support/files.hpp"

using namespace asterism;
using namespace asterism::checkpoint;
using asterism::test::as_bytes;
using asterism::test::check_error;
using asterism::test::raw;

TEST_CASE("FP4's table is bitsandbytes' bit for bit") {
  const std::uint32_t magnitudes[] = {0,          0x3BAAAAAB, 0x3F2AAAAB, 0x3F800000,
                                      0x3EAAAAAB, 0x3F000000, 0x3E2AAAAB, 0x3E800000};
  for (std::size_t i = 0; i < 8; ++i) {
    CHECK(std::bit_cast<std::uint32_t>(fp4_table[i]) == magnitudes[i]);
    CHECK(fp4_table[i + 8] == -fp4_table[i]);
  }
  CHECK(&four_bit_table(FourBitKind::nf4) == &quant::nf4_table);
  CHECK(&four_bit_table(FourBitKind::fp4) == &fp4_table);
}

TEST_CASE("weights are table[code] * scale, high nibble first, blocks over the flattened weight") {
  const std::string codes = "\x3F\xB0" + std::string(14, '\x33') + "\x3B" + std::string(1, '\xA0');
  const std::string scales = raw({2.0F, -10.0F});
  BnbTensor tensor;
  tensor.kind = FourBitKind::fp4;
  tensor.shape = {5, 7};
  tensor.elements = 35;
  tensor.blocksize = 32;
  tensor.blocks = 2;
  tensor.codes = as_bytes(codes);
  tensor.absmax = as_bytes(scales);
  tensor.where = "f: tensor 't'";
  std::vector<float> out(35);
  read_floats(tensor, 0, out);
  CHECK(out[0] == 2);
  CHECK(out[1] == -0.5F);
  CHECK(out[2] == -2);
  CHECK(out[3] == 0);
  CHECK(out[4] == 2);
  CHECK(out[31] == 2);
  CHECK(out[32] == -10);
  CHECK(out[33] == 10);
  CHECK(out[34] == -10 * fp4_table[10]);
  for (std::size_t first = 0; first <= 35; ++first) {
    for (std::size_t count = 0; count <= 35 - first; ++count) {
      std::vector<float> part(count);
      read_floats(tensor, first, part);
      CHECK(part == std::vector<float>(out.begin() + static_cast<std::ptrdiff_t>(first),
                                       out.begin() + static_cast<std::ptrdiff_t>(first + count)));
    }
  }
  check_error<InvalidArgument>([&] { read_floats(tensor, 1, out); }, {"f: tensor 't'", "35"});
  check_error<InvalidArgument>([&] { read_floats(tensor, ~std::uint64_t{0}, out); }, {"f: tensor 't'"});
}

TEST_CASE("nested scales are map * nested + offset") {
  const std::string codes(1, '\0');
  std::string absmax(300, '\0');
  absmax[0] = 3;
  absmax[256] = 3;
  const std::string nested = raw({4.0F, 8.0F});
  BnbTensor tensor;
  tensor.nested = true;
  tensor.blocks = 300;
  tensor.absmax = as_bytes(absmax);
  tensor.nested_absmax = as_bytes(nested);
  tensor.nested_quant_map[0] = -1;
  tensor.nested_quant_map[3] = 0.5F;
  tensor.nested_offset = 10;
  CHECK(tensor.scale(0) == 12);
  CHECK(tensor.scale(1) == 6);
  CHECK(tensor.scale(255) == 6);
  CHECK(tensor.scale(256) == 14);
  CHECK(tensor.scale(299) == 2);
}

TEST_CASE("weights have the dtype that they had before they were quantized") {
  const std::string codes = "\x10\x23";
  const std::string scale = raw({1.01F});
  BnbTensor tensor;
  tensor.kind = FourBitKind::nf4;
  tensor.shape = {2, 2};
  tensor.elements = 4;
  tensor.blocksize = 64;
  tensor.blocks = 1;
  tensor.codes = as_bytes(codes);
  tensor.absmax = as_bytes(scale);
  tensor.where = "f: tensor 't'";
  const auto values = [&](const std::string& dtype) {
    tensor.dtype = dtype;
    std::vector<float> out(4);
    read_floats(tensor, 0, out);
    return out;
  };
  const std::vector<float> exact = values("float32");
  const std::vector<float> bf16 = values("bfloat16");
  const std::vector<float> fp16 = values("float16");
  CHECK(exact[1] == -1.01F);
  CHECK(bf16[1] == -1.0078125F);    // 8 bits of significand
  CHECK(fp16[1] == -1.009765625F);  // 11 bits
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(bf16[i] == quant::float_from_bfloat16(quant::bfloat16_from_float(exact[i])));
    CHECK(fp16[i] == quant::float_from_float16(quant::float16_from_float(exact[i])));
  }
  const std::string large = raw({70'000.0F});
  tensor.absmax = as_bytes(large);
  CHECK(values("bfloat16")[1] == -70'144);
  check_error<FormatError>([&] { values("float16"); }, {"f: tensor 't'", "element 1", "float16"});
}
