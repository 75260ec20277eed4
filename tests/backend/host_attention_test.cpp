// Attention of one group of heads against a naive softmax in double, and what a binary16 cache holds.
#include "asterism/backend/host_attention.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "support/naive.hpp"
#include "support/rows.hpp"

using namespace asterism;
namespace naive = test::naive;
using naive::half_value;
using namespace asterism::backend;

namespace {

template <class Element>
struct Cache {
  std::vector<Element> keys;
  std::vector<Element> values;
  DeviceKv<Element> kv;

  Cache(std::size_t kv_heads, std::size_t capacity, std::size_t head_dim, float scale)
      : keys(kv_heads * capacity * head_dim), values(keys.size()) {
    const std::vector<float> k = test::random_row(keys.size(), 1, scale);
    const std::vector<float> v = test::random_row(keys.size(), 2);
    store(k, keys.data());
    store(v, values.data());
    kv = {keys.data(), values.data(), kv_heads, capacity, head_dim, 0};
  }
};

}  // namespace

TEST_CASE_TEMPLATE("attend_group equals a naive softmax", Element, float, std::uint16_t) {
  for (const std::size_t head_dim : {2U, 16U, 34U}) {
    for (const std::size_t heads : {1U, 3U}) {
      const Cache<Element> cache(2, 300, head_dim, 1.0F);
      const std::vector<float> queries = test::random_row(heads * head_dim, 3, 2.0F);
      for (const std::size_t position : {0U, 1U, 63U, 64U, 65U, 127U, 128U, 299U}) {
        for (const std::size_t window : {0U, 1U, 2U, 63U, 64U, 65U, 128U, 129U, 300U, 1000U}) {
          for (const std::size_t kv_head : {0U, 1U}) {
            std::vector<float> out(queries.size(), std::numeric_limits<float>::quiet_NaN());
            attend_group(View<const float>(queries), cache.kv, kv_head, position, window, View<float>(out));
            const std::vector<double> expected = naive::attend_group(queries, cache.kv, kv_head, position, window);
            int wrong = 0;
            for (std::size_t i = 0; i < out.size(); ++i) wrong += std::fabs(out[i] - expected[i]) <= 5e-6 ? 0 : 1;
            CAPTURE(position);
            CAPTURE(window);
            CHECK(wrong == 0);
          }
        }
      }
    }
  }
}

TEST_CASE("large scores neither overflow nor vanish, wherever the largest lies") {
  constexpr std::size_t head_dim = 4;
  for (const std::size_t best : {0U, 63U, 64U, 100U, 199U}) {
    Cache<float> cache(1, 200, head_dim, 30.0F);
    for (std::size_t i = 0; i < head_dim; ++i) cache.keys[best * head_dim + i] = 1e4F;
    const std::vector<float> queries(head_dim, 100.0F);
    std::vector<float> out(head_dim);
    attend_group(View<const float>(queries), cache.kv, 0, 199, 0, View<float>(out));
    for (std::size_t i = 0; i < head_dim; ++i) CHECK(out[i] == cache.values[best * head_dim + i]);
  }
}

TEST_CASE("what lies behind the position or before the window is never read") {
  constexpr std::size_t head_dim = 8;
  const std::vector<float> queries = test::random_row(head_dim, 3);
  Cache<float> clean(1, 200, head_dim, 1.0F);
  std::vector<float> expected(head_dim);
  attend_group(View<const float>(queries), clean.kv, 0, 150, 70, View<float>(expected));
  Cache<float> dirty(1, 200, head_dim, 1.0F);
  for (std::size_t p = 0; p < 200; ++p) {
    if (p >= 81 && p <= 150) continue;
    for (std::size_t i = 0; i < head_dim; ++i) {
      dirty.keys[p * head_dim + i] = dirty.values[p * head_dim + i] = std::numeric_limits<float>::quiet_NaN();
    }
  }
  std::vector<float> out(head_dim);
  attend_group(View<const float>(queries), dirty.kv, 0, 150, 70, View<float>(out));
  CHECK(test::same_bits(out, expected));
}

TEST_CASE("binary16 holds up to 65504 and refuses what is beyond, by value") {
  std::vector<std::uint16_t> to(3);
  store(std::vector<float>{65504.0F, -65504.0F, 1e-8F}, to.data());
  CHECK(half_value(to[0]) == 65504);
  CHECK(half_value(to[1]) == -65504);
  CHECK(half_value(to[2]) == 0);
  store(std::vector<float>{65519.0F}, to.data());  // rounds down
  CHECK(half_value(to[0]) == 65504);
  for (const float bad :
       {65520.0F, -70000.0F, std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    std::string message;
    try {
      store(std::vector<float>{1.0F, bad}, to.data());
    } catch (const NumericError& error) {
      message = error.what();
    }
    CHECK(message.find(concat("the value ", bad, " of a key or value")) == 0);
    CHECK(message.find("BoundedKv<quant::Float32>") != std::string::npos);
  }
}

TEST_CASE("binary16 rounds to nearest, ties to even") {
  std::vector<std::uint16_t> to(4);
  store(std::vector<float>{1.0F, 1.0F + 0x1p-11F, 1.0F + 0x3p-11F, 0x1p-24F}, to.data());
  CHECK(half_value(to[0]) == 1);
  CHECK(half_value(to[1]) == 1);
  CHECK(half_value(to[2]) == 1 + 0x1p-9);
  CHECK(half_value(to[3]) == 0x1p-24);
}

TEST_CASE("float32 is stored as it is") {
  const std::vector<float> from = test::random_row(7, 9, 1e30F);
  std::vector<float> to(7);
  store(from, to.data());
  CHECK(test::same_bits(to, from));
}
