// Plain scales come back as they were.
#include "asterism/quant/plain_scales.hpp"

#include <vector>

#include <doctest/doctest.h>

using namespace asterism;
using namespace asterism::quant;

TEST_CASE("plain scales are lossless") {
  Planes planes;
  planes.add("codes", 100);
  PlainScales::add_planes(planes, 3);
  CHECK(planes.find("absmax")->bytes == 12);
  alignas(64) std::byte bytes[192] = {};
  REQUIRE(planes.bytes().count == 192);
  const std::vector<float> scales = {0.0F, -1.25F, 3e38F};
  PlainScales::store(scales, planes, bytes);
  const PlainScales::Reader reader(bytes, planes);
  for (std::size_t b = 0; b < 3; ++b) {
    CHECK(reader(b) == scales[b]);
    CHECK(reader.error_bound(b) == 0);
  }
}
