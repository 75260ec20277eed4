// Numbers in bfloat16 and float16 on every level, against the conversions of single values.
#include "asterism/simd/stored_floats.hpp"

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/random.hpp"
#include "asterism/quant/half_precision.hpp"

#include "support/levels.hpp"

using namespace asterism;
using quant::FloatStorage;

namespace {

std::uint16_t narrowed(float value, FloatStorage storage) {
  return storage == FloatStorage::bfloat16 ? quant::bfloat16_from_float(value) : quant::float16_from_float(value);
}
float widened(std::uint16_t bits, FloatStorage storage) {
  return storage == FloatStorage::bfloat16 ? quant::float_from_bfloat16(bits) : quant::float_from_float16(bits);
}

/// Equal bits, or NaN both.
bool same(float a, float b) {
  return std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b) || (std::isnan(a) && std::isnan(b));
}

/// Of all exponents and signs, with ties, infinities and NaN.
std::vector<float> values() {
  Random random(3);
  std::vector<float> out = {0.0F,
                            -0.0F,
                            65519.0F,
                            65520.0F,
                            3.3961775e38F,
                            std::numeric_limits<float>::max(),
                            std::numeric_limits<float>::infinity(),
                            -std::numeric_limits<float>::infinity(),
                            std::numeric_limits<float>::quiet_NaN(),
                            std::bit_cast<float>(0x7F800001U)};
  for (int i = 0; i < 3000; ++i) out.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(random())));
  for (std::uint32_t i = 0; i < 2000; ++i) {  // halfway between two narrower ones
    out.push_back(std::bit_cast<float>(0x3F808000U + (i << 16U)));
    out.push_back(std::bit_cast<float>(0x38801000U + (i << 13U)));
  }
  return out;
}

}  // namespace

TEST_CASE("what is stored is the nearest number, and is read exactly, on every level") {
  const std::vector<float> all = values();
  for (const simd::Level level : test::levels()) {
    for (const FloatStorage storage : {FloatStorage::bfloat16, FloatStorage::float16}) {
      CAPTURE(quant::name_of(storage));
      std::vector<std::byte> stored(2 * all.size() + 2);
      std::byte* const at = stored.data() + 2;  // aligned to a number alone
      simd::store_floats(all, storage, at, level);
      std::vector<float> read(all.size());
      simd::load_floats(at, storage, read, level);
      std::size_t wrong = 0;
      for (std::size_t i = 0; i < all.size(); ++i) {
        std::uint16_t bits = 0;
        std::memcpy(&bits, at + 2 * i, 2);
        const float expected = widened(narrowed(all[i], storage), storage);
        wrong += same(widened(bits, storage), expected) && same(read[i], expected) ? 0 : 1;
      }
      CHECK(wrong == 0);
    }
  }
}

TEST_CASE("sums are rounded once, and nothing is written beyond the numbers") {
  Random random(5);
  for (const simd::Level level : test::levels()) {
    for (const FloatStorage storage : {FloatStorage::float32, FloatStorage::bfloat16, FloatStorage::float16}) {
      for (const std::size_t count : {0U, 1U, 3U, 8U, 17U, 255U, 600U}) {
        CAPTURE(quant::name_of(storage));
        CAPTURE(count);
        std::vector<float> first(count), second(count), sums(count);
        for (float& value : first) value = static_cast<float>(random.normal());
        for (float& value : second) value = static_cast<float>(random.normal());
        const std::size_t bytes = count * quant::bytes_of(storage);
        std::vector<std::byte> stored(bytes + 8, std::byte{0xAB});
        simd::store_floats(first, storage, stored.data(), level);
        simd::load_floats(stored.data(), storage, first, level);
        simd::add_to_stored(second, storage, stored.data(), level);
        simd::load_floats(stored.data(), storage, sums, level);
        std::size_t wrong = 0;
        for (std::size_t i = 0; i < count; ++i) {
          const float sum = first[i] + second[i];
          wrong += same(sums[i], storage == FloatStorage::float32 ? sum : widened(narrowed(sum, storage), storage))
                       ? 0
                       : 1;
        }
        CHECK(wrong == 0);
        for (std::size_t i = bytes; i < stored.size(); ++i) CHECK(stored[i] == std::byte{0xAB});
      }
    }
  }
}
