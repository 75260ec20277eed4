// The constants against bitsandbytes' own, bit for bit.
#include "asterism/quant/nf4_table.hpp"

#include <cmath>
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
  // As the format's description lists them, exactly; some lie in the middle of two float32 values.
  const double listed[15] = {
      -0.8480964004993439,  -0.6106329262256622,   -0.4599952697753906, -0.33967943489551544, -0.23460740596055984,
      -0.13791173323988914, -0.045525018125772476, 0.03979014977812767, 0.1202552504837513,   0.2035212516784668,
      0.2920137718319893,   0.3893125355243683,    0.5016634166240692,  0.6427869200706482,   0.8614784181118011};
  for (std::size_t i = 0; i < 15; ++i) {
    CHECK(std::fabs(double{quant::nf4_thresholds[i]} - listed[i]) <= 0x1p-24 * std::fabs(listed[i]));
  }
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
