// AdamW with 8-bit states takes bitsandbytes' steps.
#include "asterism/train/adam_w8.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/random.hpp"
#include "asterism/train/dynamic_codes.hpp"

#include "train/golden_steps.hpp"

using namespace asterism;
using train::AdamW8;
using train::Kind;
using train::detail::DynamicCodes;

TEST_CASE("both maps are bitsandbytes', bit for bit") {
  const test::Golden golden("train/optimizers.safetensors");
  const std::vector<float> with_sign = golden.values<float>("dynamic_signed");
  const std::vector<float> without = golden.values<float>("dynamic_unsigned");
  for (std::size_t i = 0; i < 256; ++i) {
    CHECK(train::detail::signed_codes().values[i] == with_sign[i]);
    CHECK(train::detail::unsigned_codes().values[i] == without[i]);
  }
}

TEST_CASE("the code of a value is the nearest, at midpoints the lower") {
  for (const DynamicCodes* codes : {&train::detail::signed_codes(), &train::detail::unsigned_codes()}) {
    const auto expected = [&](float x) {
      std::size_t below = 0;
      while (below < 255 && codes->bounds[below] < x) ++below;
      return below;
    };
    std::size_t wrong = 0;
    const auto check = [&](float x) { wrong += codes->nearest(x) == expected(x) ? 0 : 1; };
    for (std::size_t i = 0; i < 255; ++i) {
      check(codes->bounds[i]);
      check(std::nextafter(codes->bounds[i], 2.0F));
      check(std::nextafter(codes->bounds[i], -2.0F));
      check(codes->values[i]);
    }
    Random random(1);
    for (int i = 0; i < 200000; ++i) {
      const double x = std::pow(10.0, -9 * random.uniform()) * (i % 2 == 0 ? 1 : -1);
      if (x >= 0 || codes == &train::detail::signed_codes()) check(static_cast<float>(x));
    }
    for (const float x : {0.0F, -0.0F, 1.0F, 1e-30F, 1e-45F}) check(x);
    if (codes == &train::detail::signed_codes()) check(-1.0F);
    CHECK(wrong == 0);
  }
}

TEST_CASE("ten steps are bitsandbytes', to the code") {
  test::golden_steps(
      AdamW8{.rate = 1e-3F}, "adam_w8", Kind::expert, true, 1e-6,
      [](const test::Golden& golden, const std::string& shown, const train::Parameter& parameter) {
        const std::size_t size = parameter.size();
        const auto* codes = reinterpret_cast<const std::uint8_t*>(parameter.state.data);
        const std::size_t blocks = AdamW8::blocks(size);
        std::size_t differ = 0;
        for (const bool first : {true, false}) {
          const auto wanted = golden.values<std::uint8_t>(shown + (first ? "/m_codes" : "/v_codes"));
          const std::uint8_t* found = codes + (first ? 0 : aligned(size));
          for (std::size_t i = 0; i < size; ++i) differ += found[i] == wanted[i] ? 0 : 1;
        }
        CHECK(differ == 0);
        CHECK(test::relative_difference(test::floats_at(parameter, 2 * aligned(size), blocks),
                                        golden.values<float>(shown + "/m_scales")) < 1e-6);
        CHECK(test::relative_difference(
                  test::floats_at(parameter, 2 * aligned(size) + aligned(blocks * sizeof(float)), blocks),
                  golden.values<float>(shown + "/v_scales")) < 1e-6);
      });
}

TEST_CASE("small tensors keep fp32 states") {
  static_assert(AdamW8::state_bytes(Kind::expert, 63, 65) == train::AdamW::state_bytes(Kind::expert, 63, 65));
  static_assert(AdamW8::state_bytes(Kind::expert, 64, 64) == Bytes{2 * 4096 + 2 * 64});
  test::golden_steps(AdamW8{.rate = 1e-3F}, "adam_w8_small", Kind::expert, true, 1e-6,
                     [](const test::Golden& golden, const std::string& shown, const train::Parameter& parameter) {
                       CHECK(test::relative_difference(test::floats_at(parameter, 0, parameter.size()),
                                                       golden.values<float>(shown + "/m")) < 1e-6);
                     });
}

TEST_CASE("each block has its own scale: tiny gradients beside large ones move weights as far") {
  constexpr std::size_t size = 4096;
  std::vector<float> weights(size, 0.0F);
  std::vector<float> gradient(size);
  for (std::size_t i = 0; i < size; ++i) gradient[i] = i < size / 2 ? 1e-9F : 1e3F;
  test::Lines state(AdamW8::state_bytes(Kind::expert, 1, size));
  const train::Parameter parameter{.name = "blocks",
                                   .weights = {weights.data(), 1, size},
                                   .gradient = {gradient.data(), 1, size},
                                   .state = state.view()};
  const AdamW8 adam{.rate = 1, .epsilon = 1e-30F, .decay = 0};
  adam.initialise(parameter);
  parallel::Serial serial;
  for (std::int64_t step = 1; step <= 5; ++step) {
    adam.update(parallel::ExecutionRef(serial), parameter, step, adam.rate, {});
  }
  for (std::size_t i = 0; i < size; ++i) CHECK(weights[i] == doctest::Approx(-5).epsilon(1e-5));
}
