// Nf4 against bitsandbytes: codes and scales to the bit, nested scales within what its search leaves open.
#include "asterism/quant/nf4.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/random.hpp"
#include "asterism/kernels.hpp"
#include "asterism/quant/least_squares.hpp"

#include "support/golden.hpp"
#include "support/packed_matrix.hpp"

using namespace asterism;
using namespace asterism::quant;
using test::PackedMatrix;

namespace {

template <class T, class Q>
std::vector<T> plane_values(const PackedMatrix<Q>& matrix, const char* name) {
  const Planes planes = Q::planes(matrix.view().rows, matrix.view().cols);
  const Plane* plane = planes.find(name);
  REQUIRE(plane != nullptr);
  std::vector<T> values(plane->bytes / sizeof(T));
  std::memcpy(values.data(), matrix.view().data + plane->offset, plane->bytes);
  return values;
}

template <class T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

template <int Block>
void compare(const test::Golden& golden, const std::string& name) {
  CAPTURE(name);
  const std::vector<float> weight = golden.values<float>(name + "/weight");
  const auto codes = golden.values<std::uint8_t>(name + "/codes");
  const auto absmax = golden.values<float>(name + "/absmax");

  const PackedMatrix<Nf4<Block>> plain(1, weight.size(), weight);
  CHECK(same_bits(plane_values<std::uint8_t>(plain, "codes"), codes));
  CHECK(same_bits(plane_values<float>(plain, "absmax"), absmax));

  // A weight is table[code] * scale, to the bit.
  const std::vector<float> decoded = plain.decoded();
  int wrong = 0;
  for (std::size_t i = 0; i < weight.size(); ++i) {
    const int code = i % 2 == 0 ? codes[i / 2] >> 4 : codes[i / 2] & 15;
    const float value = nf4_table[static_cast<std::size_t>(code)] * absmax[i / Block];
    wrong += std::memcmp(&value, &decoded[i], 4) != 0 ? 1 : 0;
  }
  CHECK(wrong == 0);

  if (!golden.has(name + "/nested_codes")) return;
  const auto nested_codes = golden.values<std::uint8_t>(name + "/nested_codes");
  const auto nested_absmax = golden.values<float>(name + "/nested_absmax");
  const float offset = golden.values<float>(name + "/offset")[0];
  const PackedMatrix<Nf4<Block, DoubleQuantized>> nested(1, weight.size(), weight);
  CHECK(same_bits(plane_values<std::uint8_t>(nested, "codes"), codes));
  const float our_offset = plane_values<float>(nested, "offset")[0];
  CHECK(std::fabs(our_offset - offset) <= 1e-6F * std::fabs(offset));
  const auto our_absmax = plane_values<float>(nested, "nested_absmax");
  REQUIRE(our_absmax.size() == nested_absmax.size());
  for (std::size_t i = 0; i < our_absmax.size(); ++i) {
    CHECK(std::fabs(our_absmax[i] - nested_absmax[i]) <= 2e-6F * std::fabs(offset));
  }
  const auto our_codes = plane_values<std::uint8_t>(nested, "absmax");
  REQUIRE(our_codes.size() == nested_codes.size());
  std::size_t different = 0;
  for (std::size_t b = 0; b < our_codes.size(); ++b) {
    if (our_codes[b] == nested_codes[b] || nested_absmax[b / 256] == 0) continue;
    ++different;
    const int low = std::min(our_codes[b], nested_codes[b]);
    REQUIRE(std::max(our_codes[b], nested_codes[b]) == low + 1);
    const double normalised = (double{absmax[b]} - double{offset}) / double{nested_absmax[b / 256]};
    CHECK(std::fabs(normalised - double{dynamic_thresholds[static_cast<std::size_t>(low)]}) < 3e-5);
  }
  CHECK(different <= 1 + our_codes.size() * 3 / 1000);

  // bitsandbytes' own planes, copied in as a loader does, decode by its formula.
  PackedMatrix<Nf4<Block, DoubleQuantized>> copied(1, weight.size(), weight);
  const Planes planes = Nf4<Block, DoubleQuantized>::planes(1, weight.size());
  std::memcpy(copied.bytes() + planes.find("absmax")->offset, nested_codes.data(), nested_codes.size());
  std::memcpy(copied.bytes() + planes.find("nested_absmax")->offset, nested_absmax.data(),
              nested_absmax.size() * 4);
  std::memcpy(copied.bytes() + planes.find("offset")->offset, &offset, 4);
  const std::vector<float> values = copied.decoded();
  int off = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::size_t b = i / Block;
    const volatile float product = dynamic_map[nested_codes[b]] * nested_absmax[b / 256];
    const float scale = product + offset;
    const int code = i % 2 == 0 ? codes[i / 2] >> 4 : codes[i / 2] & 15;
    const float value = nf4_table[static_cast<std::size_t>(code)] * scale;
    off += std::memcmp(&value, &values[i], 4) != 0 ? 1 : 0;
  }
  CHECK(off == 0);
}

std::vector<float> gaussian(std::size_t count, std::uint64_t seed) {
  Random random(seed);
  std::vector<float> values(count);
  for (float& value : values) value = static_cast<float>(random.normal());
  return values;
}

}  // namespace

TEST_CASE("codes and scales are bitsandbytes'") {
  const test::Golden golden("quant/bitsandbytes.safetensors");
  int cases = 0;
  for (const auto& [tensor, ignored] : golden.tensors()) {
    const std::size_t end = tensor.rfind("/block");
    if (end == std::string::npos) continue;
    const std::string name = tensor.substr(0, end);
    ++cases;
    switch (golden.values<std::int32_t>(tensor)[0]) {
      case 32:
        compare<32>(golden, name);
        break;
      case 64:
        compare<64>(golden, name);
        break;
      case 128:
        compare<128>(golden, name);
        break;
      case 256:
        compare<256>(golden, name);
        break;
      case 512:
        compare<512>(golden, name);
        break;
      case 1024:
        compare<1024>(golden, name);
        break;
      case 2048:
        compare<2048>(golden, name);
        break;
      case 4096:
        compare<4096>(golden, name);
        break;
      default:
        FAIL("no such block size");
    }
  }
  CHECK(cases == 18);
}

TEST_CASE("the golden block of the format's description") {
  std::vector<float> values(64);
  for (std::size_t i = 0; i < 64; ++i) values[i] = (static_cast<float>(i) - 31.5F) / 8;
  const PackedMatrix<Nf4<>> matrix(8, 8, values);
  std::string hex;
  for (const std::uint8_t byte : plane_values<std::uint8_t>(matrix, "codes")) {
    hex += "0123456789abcdef"[byte >> 4];
    hex += "0123456789abcdef"[byte & 15];
  }
  CHECK(hex == "00000111111112222233344445556667788899aaabbbccccddddeeeeeeefffff");
  CHECK(plane_values<float>(matrix, "absmax") == std::vector<float>{3.9375F});
}

TEST_CASE("an all-zero block gets scale 0 and code 7; so does the padding") {
  const PackedMatrix<Nf4<>> matrix(1, 65, std::vector<float>(65, 0.0F));
  for (const std::uint8_t byte : plane_values<std::uint8_t>(matrix, "codes")) CHECK(byte == 0x77);
  CHECK(plane_values<float>(matrix, "absmax") == std::vector<float>{0, 0});
}

TEST_CASE("blocks cross rows") {
  std::vector<float> values(64, 0.5F);
  values[63] = 2;
  const PackedMatrix<Nf4<>> matrix(4, 16, values);
  CHECK(plane_values<float>(matrix, "absmax") == std::vector<float>{2});
}

TEST_CASE("scales below the normal range still work") {
  std::vector<float> values(64, 1e-41F);
  values[5] = -2e-41F;
  const std::vector<float> decoded = PackedMatrix<Nf4<>>(1, 64, values).decoded();
  CHECK(decoded[5] == -2e-41F);
  CHECK(decoded[0] == doctest::Approx(2e-41 * 0.44071).epsilon(1e-3));
}

TEST_CASE("the error is at most half the widest gap inside the table's range, exactly the distance outside") {
  using Q = Nf4<64, DoubleQuantized, SignedLeastSquares>;
  const std::vector<float> values = gaussian(64 * 600, 3);
  const PackedMatrix<Q> matrix(600, 64, values);
  const std::vector<float> decoded = matrix.decoded();
  const auto scale_of = Q::scales(matrix.view());
  int outside = 0;
  int negative = 0;
  int wrong = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double scale = std::fabs(double{scale_of(i / 64)});
    negative += scale_of(i / 64) < 0 ? 1 : 0;
    const double magnitude = std::fabs(double{values[i]});
    const double error = std::fabs(double{decoded[i]} - double{values[i]});
    if (magnitude > scale) {
      ++outside;
      wrong += std::fabs(error - (magnitude - scale)) > 1e-6 ? 1 : 0;
    } else {
      wrong += error > nf4_widest_gap / 2 * scale + 1e-6 ? 1 : 0;
    }
  }
  CHECK(wrong == 0);
  CHECK(outside > 100);
  CHECK(negative > 10000);
}

TEST_CASE("the error bound holds where all weights are near the end of float32's range, or below its normal one") {
  Random random(11);
  for (const int exponent : {-120, -124, -125, -126, -128, -132, -140, -147}) {
    CAPTURE(exponent);
    std::vector<float> values(64 * 64);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const double of_block = 1 + static_cast<double>(i / 64 % 7) / 7;
      values[i] = static_cast<float>(std::ldexp(of_block * (2 * random.uniform() - 1), exponent));
    }
    values[0] = std::ldexp(1.0F, exponent + 1);
    const auto beyond_bound = [&]<class Q>(Q) {
      const PackedMatrix<Q> matrix(64, 64, values);
      const std::vector<float> decoded = matrix.decoded();
      int beyond = 0;
      for (std::size_t i = 0; i < values.size(); ++i) {
        const double error = std::fabs(double{decoded[i]} - double{values[i]});
        beyond += error > Q::error_bound(matrix.view(), i, values[i]) ? 1 : 0;
      }
      return beyond;
    };
    CHECK(beyond_bound(Nf4<64, DoubleQuantized>()) == 0);
    CHECK(beyond_bound(Nf4<64, DoubleQuantized, SignedLeastSquares>()) == 0);
    CHECK(beyond_bound(Nf4<64>()) == 0);
  }
}

TEST_CASE("names and bits") {
  CHECK(Nf4<>::name() == "nf4 block 64");
  CHECK(Nf4<128, DoubleQuantized, LeastSquares>::name() == "nf4 block 128, double-quantized, least squares");
  CHECK(Nf4<>::bits_per_weight == 4.5);
  CHECK(Nf4<64, DoubleQuantized>::bits_per_weight == doctest::Approx(4.127).epsilon(1e-4));
}
