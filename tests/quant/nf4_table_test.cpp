// The constants against bitsandbytes' own, bit for bit.
#include "asterism/quant/nf4_table.hpp"

#include <cstring>
#include <vector>

#include <doctest/doctest.h>

#include "support/golden.hpp"

using namespace asterism;

TEST_CASE("the tables are bitsandbytes' to the bit") {
  const test::Golden golden("quant/bitsandbytes.safetensors");
  const std::vector<float> table = golden.values<float>("nf4_table");
  REQUIRE(table.size() == 16);
  CHECK(std::memcmp(table.data(), quant::nf4_table.data(), 64) == 0);
  const std::vector<float> map = golden.values<float>("dynamic_map");
  REQUIRE(map.size() == 256);
  CHECK(std::memcmp(map.data(), quant::dynamic_map.data(), 1024) == 0);
}

TEST_CASE("thresholds are the midpoints in float32") {
  // As the format's description lists them.
  const float listed[15] = {-0.8480964004993439F,   -0.6106329262256622F,   -0.4599952697753906F,  -0.33967943489551544F,
                            -0.23460740596055984F,  -0.13791173323988914F,  -0.045525018125772476F, 0.03979014977812767F,
                            0.1202552504837513F,    0.2035212516784668F,    0.2920137718319893F,   0.3893125355243683F,
                            0.5016634166240692F,    0.6427869200706482F,    0.8614784181118011F};
  for (std::size_t i = 0; i < 15; ++i) CHECK(quant::nf4_thresholds[i] == listed[i]);
  for (std::size_t i = 0; i < 255; ++i) {
    CHECK(quant::dynamic_map[i] < quant::dynamic_thresholds[i]);
    CHECK(quant::dynamic_thresholds[i] < quant::dynamic_map[i + 1]);
  }
}

TEST_CASE("landmarks of the dynamic map") {
  CHECK(quant::dynamic_map[0] == -0.992968738F);
  CHECK(quant::dynamic_map[127] == 0.0F);
  CHECK(quant::dynamic_map[126] == -quant::dynamic_map[128]);
  CHECK(quant::dynamic_map[128] == doctest::Approx(5.5e-7));
  CHECK(quant::dynamic_map[254] == 0.992968738F);
  CHECK(quant::dynamic_map[255] == 1.0F);
  CHECK(quant::nf4_widest_gap == doctest::Approx(0.3038072));
}
