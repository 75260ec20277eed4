// How keys and values are stored: every format against its definition; what it refuses.
#include "asterism/backend/kv_format.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/kernels.hpp"
#include "asterism/quant/float16.hpp"
#include "asterism/quant/float32.hpp"

#include "support/naive.hpp"
#include "support/rows.hpp"

using namespace asterism;
using backend::KvFormat;
using test::naive::half_value;

namespace {

template <int Group>
using Int8 = quant::Int8<Group>;

std::uint16_t half_at(const std::byte* at) {
  std::uint16_t bits = 0;
  std::memcpy(&bits, at, sizeof bits);
  return bits;
}

/// The value i of a row of n, as the format's definition says.
template <class Format>
struct Stored;
template <>
struct Stored<quant::Float32> {
  static double value(const std::byte* row, std::size_t /*n*/, std::size_t i) {
    float out = 0;
    std::memcpy(&out, row + 4 * i, sizeof out);
    return out;
  }
};
template <>
struct Stored<quant::Float16> {
  static double value(const std::byte* row, std::size_t /*n*/, std::size_t i) {
    return half_value(half_at(row + 2 * i));
  }
};
template <int Group>
struct Stored<Int8<Group>> {
  static double scale(const std::byte* row, std::size_t n, std::size_t i) {
    return half_value(half_at(row + n + i / Group * 2));
  }
  static double value(const std::byte* row, std::size_t n, std::size_t i) {
    return std::to_integer<int>(row[i]) < 128 ? std::to_integer<int>(row[i]) * scale(row, n, i)
                                              : (std::to_integer<int>(row[i]) - 256) * scale(row, n, i);
  }
};

/// A stored row, with a byte behind it that nobody may touch; it lies at any even address.
template <class Format>
struct Row {
  std::size_t n;
  std::vector<std::byte> bytes;

  explicit Row(const std::vector<float>& values)
      : n(values.size()), bytes(KvFormat<Format>::bytes(n) + 1, std::byte{0x5A}) {
    KvFormat<Format>::store(values, bytes.data());
    CHECK(bytes.back() == std::byte{0x5A});
  }
  double operator[](std::size_t i) const { return Stored<Format>::value(bytes.data(), n, i); }
};

std::string refusal(const std::vector<float>& values, void (*store)(View<const float>, std::byte*)) {
  std::vector<std::byte> to(4 * values.size() + 64);
  try {
    store(values, to.data());
  } catch (const NumericError& error) {
    return error.what();
  }
  return "not refused";
}

static_assert(KvFormat<quant::Float32>::bytes(128) == 512);
static_assert(KvFormat<quant::Float16>::bytes(128) == 256);
static_assert(KvFormat<Int8<32>>::bytes(128) == 128 + 4 * 2);
static_assert(KvFormat<Int8<32>>::bytes(34) == 34 + 2 * 2);  // a group of 32 and one of 2
static_assert(KvFormat<Int8<32>>::bytes(6) == 6 + 2);

}  // namespace

TEST_CASE_TEMPLATE("a row holds the values that went in, rounded, and nothing beside it is touched", Format,
                   quant::Float32, quant::Float16, Int8<32>, Int8<4>, Int8<64>) {
  for (const std::size_t n : {2U, 4U, 6U, 8U, 30U, 32U, 34U, 62U, 64U, 66U, 80U, 128U, 250U}) {
    const std::vector<float> values = test::random_row(n, n, 3.0F);
    const Row<Format> row(values);
    std::vector<float> read(n);
    KvFormat<Format>::Row::values(row.bytes.data(), n, 0, n, read.data());
    int wrong = 0;
    for (std::size_t i = 0; i < n; ++i) {
      wrong += double{read[i]} == row[i] ? 0 : 1;
      wrong += std::fabs(read[i] - values[i]) <= 0.07F ? 0 : 1;
    }
    CAPTURE(n);
    CHECK(wrong == 0);
  }
}

TEST_CASE("float32 is stored as it is") {
  const std::vector<float> from = test::random_row(8, 9, 1e30F);
  const Row<quant::Float32> row(from);
  CHECK(std::memcmp(row.bytes.data(), from.data(), 32) == 0);
}

TEST_CASE("binary16 rounds to nearest, ties to even") {
  const Row<quant::Float16> row({1.0F, 1.0F + 0x1p-11F, 1.0F + 0x3p-11F, 0x1p-24F});
  CHECK(row[0] == 1);
  CHECK(row[1] == 1);
  CHECK(row[2] == 1 + 0x1p-9);
  CHECK(row[3] == 0x1p-24);
}

TEST_CASE("binary16 holds up to 65504 and refuses what is beyond, by value") {
  const Row<quant::Float16> row({65504.0F, -65504.0F, 1e-8F, 65519.0F});  // the last one rounds down
  CHECK(row[0] == 65504);
  CHECK(row[1] == -65504);
  CHECK(row[2] == 0);
  CHECK(row[3] == 65504);
  for (const float bad :
       {65520.0F, -70000.0F, std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    CHECK(refusal({1.0F, bad}, KvFormat<quant::Float16>::store) ==
          concat("the value ", bad,
                 " of a key or value does not fit the Float16 key/value cache: use quant::Float32 "
                 "for it"));
  }
}

TEST_CASE("Int8: a value is off by at most half its group's scale, whatever its size; the largest has code 127") {
  const auto check = [](const std::vector<float>& values) {
    const Row<Int8<32>> row(values);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const double scale = Stored<Int8<32>>::scale(row.bytes.data(), values.size(), i);
      CAPTURE(values[i]);
      CAPTURE(scale);
      CHECK(std::fabs(row[i] - values[i]) <= (0.5 + 1e-4) * scale);
      CHECK(row.bytes[i] != std::byte{0x80});  // -128
      const std::size_t first = i / 32 * 32;
      double largest = 0;
      for (std::size_t k = first; k < std::min(first + 32, values.size()); ++k) {
        largest = std::max(largest, std::fabs(double{values[k]}));
      }
      CHECK(std::fabs(scale - largest / 127) <= std::max(largest / 127 * 0x1p-11, 0x1p-24));
    }
  };
  for (int exponent = -40; exponent <= 19; ++exponent) {
    for (std::uint64_t seed = 0; seed < 5; ++seed) check(test::random_row(70, seed, std::ldexp(1.0F, exponent)));
  }
  for (int k = 0; k < 1000; ++k) {  // where the scale has few bits
    check({static_cast<float>(k) * 127 * 0x1p-26F, 1e-7F});
  }
  check({-127.5F * 0x1p-24F, 127.5F * 0x1p-24F});
  const Row<Int8<4>> row({127.0F, -127.0F, 64.4F, -0.6F, 0.0F, 0.0F});
  CHECK(row[0] == 127);
  CHECK(row[1] == -127);
  CHECK(row[2] == 64);
  CHECK(row[3] == -1);
  CHECK(row[4] == 0);
  CHECK(half_at(row.bytes.data() + 6) == quant::float16_from_float(1));
  CHECK(half_at(row.bytes.data() + 8) == 0);
}

TEST_CASE("Int8 holds up to 127 * 65504 and refuses what is beyond, by value") {
  constexpr float most = 127 * 65504.0F;
  const Row<Int8<32>> row({most, -most, 1.0F, 65504.0F});
  CHECK(row[0] == double{most});
  CHECK(row[1] == -double{most});
  CHECK(row[2] == 0);
  CHECK(row[3] == 65504);
  for (const float bad : {std::nextafter(most, 1e9F), -1e7F, std::numeric_limits<float>::infinity(),
                          std::numeric_limits<float>::quiet_NaN()}) {
    CHECK(refusal({1.0F, bad}, KvFormat<Int8<32>>::store) ==
          concat("the value ", bad,
                 " of a key or value does not fit the Int8 key/value cache: use quant::Float32 "
                 "for it"));
  }
}
