// ggml's blocks against the gguf package, to the bit: what is decoded of random blocks, and what is encoded where the
// package encodes; the laws of formats; what fits make of scales; blocks that are not sound.
#include "asterism/quant/ggml_formats.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/core/random.hpp"
#include "asterism/kernels.hpp"

#include "laws/quantization_laws.hpp"
#include "support/golden.hpp"
#include "support/packed_matrix.hpp"

using namespace asterism;
using namespace asterism::quant;
using test::PackedMatrix;

#define EVERY_FORMAT Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, IQ4_NL, IQ4_XS, MXFP4

namespace {

const test::Golden& golden() {
  static const test::Golden all("quant/ggml_blocks.safetensors");
  return all;
}

/// Aligned as matrices are.
std::vector<std::byte> bytes_of(const std::vector<std::uint8_t>& values) {
  std::vector<std::byte> out(values.size());
  std::memcpy(out.data(), values.data(), values.size());
  return out;
}

/// The relative root of the mean squared error of normal weights of one magnitude.
template <class Q>
double relative_error(double magnitude = 1) {
  Random random(3);
  std::vector<float> values(1 << 16);
  for (float& value : values) value = static_cast<float>(magnitude * random.normal());
  const std::vector<float> decoded = PackedMatrix<Q>(64, 1024, values).decoded();
  double error = 0;
  double size = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    error += std::pow(double{values[i]} - double{decoded[i]}, 2);
    size += std::pow(double{values[i]}, 2);
  }
  return std::sqrt(error / size);
}

}  // namespace

TEST_CASE_TEMPLATE("random blocks decode to the package's values to the bit", Q, EVERY_FORMAT) {
  const std::string name = Q::name();
  CAPTURE(name);
  const auto blocks = bytes_of(golden().values<std::uint8_t>(name + "/blocks"));
  const auto expected = golden().values<float>(name + "/values");
  std::vector<float> values(expected.size());
  Q::decode({blocks.data(), 1, values.size()}, 0, values);
  for (std::size_t i = 0; i < values.size(); ++i) {
    CAPTURE(i);
    CHECK(std::memcmp(&values[i], &expected[i], sizeof(float)) == 0);
  }
  CHECK(first_unsound(Q::codec(), blocks) == blocks.size() / Q::block_bytes);
}

TEST_CASE_TEMPLATE("weights are encoded to the package's bytes", Q, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, MXFP4) {
  const std::string name = Q::name();
  CAPTURE(name);
  const auto weights = golden().values<float>("weights");
  const auto expected = golden().values<std::uint8_t>(name + "/encoded");
  const PackedMatrix<Q> matrix(4, weights.size() / 4, weights);
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(matrix.view().data);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    CAPTURE(i);
    CHECK(int{bytes[i]} == int{expected[i]});
  }
}

TEST_CASE_TEMPLATE("the formats obey the laws in the range of their scales", Q, EVERY_FORMAT) {
  static_assert(Quantization<Q> && GgmlFormat<Q>);
  laws::quantization<Q>(6e4F);
}

TEST_CASE("codecs are found by the number of their type") {
  std::uint32_t last = 0;
  int count = 0;
  for_each_ggml_format([&]<class Q>() {
    CHECK(Q::codec().type > last);
    last = Q::codec().type;
    ++count;
    const BlockCodec* found = find_block_codec(last);
    REQUIRE(found != nullptr);
    CHECK(found->name == Q::format_name);
    CHECK(found->elements * Q::bits_per_weight == 8 * found->bytes);
  });
  CHECK(count == 13);
  CHECK(find_block_codec(0) == nullptr);
  CHECK(find_block_codec(16) == nullptr);
}

TEST_CASE("errors of normal weights") {
  // Of the package's formats what its encoders leave; the fits are at most what a scan of scales in numpy gives.
  CHECK(relative_error<Q4_0>() < 0.092);
  CHECK(relative_error<Q4_1>() < 0.083);
  CHECK(relative_error<Q8_0>() < 0.0056);
  CHECK(relative_error<Q2_K>() < 0.31);
  CHECK(relative_error<Q3_K>() < 0.17);
  CHECK(relative_error<Q4_K>() < 0.078);
  CHECK(relative_error<Q5_K>() < 0.039);
  CHECK(relative_error<Q6_K>() < 0.019);
  CHECK(relative_error<IQ4_NL>() < 0.078);
  CHECK(relative_error<IQ4_XS>() < 0.079);
  CHECK(relative_error<MXFP4>() < 0.13);
}

TEST_CASE_TEMPLATE("small weights keep their precision", Q, EVERY_FORMAT) {
  const std::string name = Q::name();
  CAPTURE(name);
  // Scales that are subnormal numbers of binary16, or integers times those. The package's rounding of Q8_0 costs 0.005.
  const double usual = relative_error<Q>();
  for (const double magnitude : {1e-1, 1e-2, 1e-3, 1e-4}) {
    CAPTURE(magnitude);
    CHECK(relative_error<Q>(magnitude) < 1.1 * usual + 0.006);
  }
}

TEST_CASE_TEMPLATE("the smallest weights keep their signs", Q, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, IQ4_XS) {
  const std::string name = Q::name();
  CAPTURE(name);
  for (const float magnitude : {1e-4F, 2e-5F, 1e-5F, 3e-6F, 1e-6F}) {
    CAPTURE(magnitude);
    std::vector<float> weights(256);
    for (std::size_t i = 0; i < 256; ++i) weights[i] = i % 2 == 0 ? magnitude : -magnitude;
    const std::vector<float> decoded = PackedMatrix<Q>(1, 256, weights).decoded();
    const float allowed = 0.15F * magnitude + 0x1p-22F;  // scales are multiples of 2^-24
    CHECK(std::fabs(decoded[0] - weights[0]) <= allowed);
    CHECK(std::fabs(decoded[1] - weights[1]) <= allowed);
    CHECK(decoded[0] > 0);
    CHECK(decoded[1] < 0);
  }
}

TEST_CASE_TEMPLATE("weights on levels of their codes stay nearest to them", Q, Q3_K, Q6_K, Q4_K, Q5_K, Q2_K) {
  // Sub-blocks with codes that take both ends, times a scale that the block's own scale expresses.
  constexpr int most =
      Q::code_bits <= 5 && !keeps_zeros<Q> ? (1 << Q::code_bits) - 1 : (1 << (Q::code_bits - 1)) - 1;
  constexpr int least = keeps_zeros<Q> ? -most - 1 : 0;
  std::vector<float> weights(256);
  for (int i = 0; i < 256; ++i)
    weights[static_cast<std::size_t>(i)] = 0.5F * static_cast<float>(least + i % (most - least + 1));
  const std::vector<float> decoded = PackedMatrix<Q>(1, 256, weights).decoded();
  for (std::size_t i = 0; i < 256; ++i) CHECK(std::fabs(decoded[i] - weights[i]) <= 0.2F);
}

TEST_CASE_TEMPLATE("scales beyond binary16 are refused by name", Q, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2_K, Q3_K, Q4_K,
                   Q5_K, Q6_K, IQ4_NL, IQ4_XS) {
  std::vector<float> weights(512, 1.0F);
  weights[300] = 3e38F;
  weights[301] = -3e38F;
  const std::uint64_t first = 300 / Q::block * Q::block;
  try {
    const PackedMatrix<Q> matrix(1, 512, weights);
    FAIL("nothing was thrown");
  } catch (const NumericError& error) {
    const std::string message = error.what();
    CAPTURE(message);
    CHECK(message.find("elements " + std::to_string(first) + " to ") != std::string::npos);
    CHECK(message.find(Q::name()) != std::string::npos);
  }
}

TEST_CASE_TEMPLATE("blocks whose scales are not finite are found", Q, EVERY_FORMAT) {
  const std::size_t blocks = 512 / Q::block;
  std::vector<std::byte> bytes = bytes_of(golden().values<std::uint8_t>(Q::name() + "/blocks"));
  const std::size_t at = (blocks - 1) * Q::block_bytes;
  const bool k_format = Q::code_bits != 4 && Q::block == 256 && Q::code_bits != 5;
  const std::size_t scale = k_format ? Q::block_bytes - 2 : 0;
  bytes[at + scale] = std::byte{0xFF};
  bytes[at + scale + 1] = std::byte{0x7D};
  CHECK(first_unsound(Q::codec(), bytes) == blocks - 1);
}

TEST_CASE("an unsound minimum is found, and MXFP4's scale of NaN") {
  const auto unsound = [](const BlockCodec& codec, std::size_t place, std::initializer_list<int> scale) {
    std::vector<std::byte> block(codec.bytes);
    CHECK(first_unsound(codec, block) == 1);
    for (const int byte : scale) block[place++] = static_cast<std::byte>(byte);
    return first_unsound(codec, block) == 0;
  };
  CHECK(unsound(Q4_1::codec(), 2, {0x00, 0x7C}));
  CHECK(unsound(Q5_1::codec(), 2, {0x00, 0xFC}));
  CHECK(unsound(Q2_K::codec(), 80, {0x01, 0x7C}));
  CHECK(unsound(Q4_K::codec(), 2, {0x00, 0x7C}));
  CHECK(unsound(Q5_K::codec(), 2, {0x00, 0x7C}));
  CHECK(unsound(MXFP4::codec(), 0, {255}));
  CHECK(unsound(MXFP4::codec(), 0, {253}));
  CHECK(!unsound(MXFP4::codec(), 0, {252}));
  CHECK(!unsound(Q4_1::codec(), 2, {0xFF, 0x7B}));
}

TEST_CASE("a width that is not whole blocks is refused by name") {
  CHECK_THROWS_WITH_AS(
      Q4_K::planes(4, 128),
      "Q4_K has blocks of 256 weights of a row, and rows of 128 are not whole ones: store this matrix "
      "in a format with smaller blocks, or without",
      InvalidArgument);
}
