// Scales that lie between two entries of the map to the bit: bitsandbytes takes the lower one.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/quant/double_quantized.hpp"
#include "asterism/quant/nf4_table.hpp"
#include "asterism/quant/planes.hpp"

using namespace asterism;

TEST_CASE("a scale on a threshold gets the code below it") {
  for (std::size_t i = 0; i < quant::dynamic_thresholds.size(); ++i) {
    CAPTURE(i);
    const float threshold = quant::dynamic_thresholds[i];
    // Their mean, the offset, is zero, and the largest is one: the threshold is compared as it is.
    const std::vector<float> scales{threshold, -threshold, 1, -1};
    quant::Planes planes;
    planes.add("codes", 64);
    quant::DoubleQuantized::add_planes(planes, scales.size());
    std::vector<std::byte> out(static_cast<std::size_t>(planes.bytes().count));
    quant::DoubleQuantized::store(scales, planes, out.data());
    const auto code = std::to_integer<std::size_t>(out[static_cast<std::size_t>(planes[1].offset)]);
    CHECK(code == i);
  }
}
