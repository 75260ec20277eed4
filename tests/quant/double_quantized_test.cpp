// Quantized scales: the nearest entry of the map, groups of 256, and the ends of float's range.
#include "asterism/quant/double_quantized.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/core/random.hpp"

using namespace asterism;
using namespace asterism::quant;

namespace {

struct Stored {
  explicit Stored(const std::vector<float>& scales) {
    planes.add("codes", 0);
    DoubleQuantized::add_planes(planes, scales.size());
    storage.resize(planes.bytes().count / 8 + 8);
    DoubleQuantized::store(scales, planes, bytes());
  }
  std::byte* bytes() { return reinterpret_cast<std::byte*>(storage.data()); }
  DoubleQuantized::Reader reader() { return {bytes(), planes}; }

  Planes planes;
  std::vector<std::uint64_t> storage;
};

}  // namespace

TEST_CASE("every scale gets the nearest entry of the map") {
  Random random(1);
  std::vector<float> scales(256 * 3 + 17);
  for (float& scale : scales) scale = static_cast<float>(0.05 + 0.01 * random.normal());
  for (std::size_t b = 256; b < 512; ++b) scales[b] *= 100;
  Stored stored(scales);
  CHECK(stored.planes.find("absmax")->bytes == scales.size());
  CHECK(stored.planes.find("nested_absmax")->bytes == 16);
  CHECK(stored.planes.find("offset")->bytes == 4);
  const auto reader = stored.reader();
  const auto* nested =
      reinterpret_cast<const float*>(stored.bytes() + stored.planes.find("nested_absmax")->offset);
  const float offset = *reinterpret_cast<const float*>(stored.bytes() + stored.planes.find("offset")->offset);
  double mean = 0;
  for (const float scale : scales) mean += scale / static_cast<double>(scales.size());
  CHECK(offset == doctest::Approx(mean));
  for (std::size_t b = 0; b < scales.size(); ++b) {
    double nearest = 1e30;
    for (const float entry : dynamic_map) {
      nearest = std::fmin(nearest, std::fabs(double{entry} * nested[b / 256] + offset - double{scales[b]}));
    }
    const double error = std::fabs(double{reader(b)} - double{scales[b]});
    CHECK(error <= nearest + 1e-7 * (nested[b / 256] + offset));
    CHECK(error <= reader.error_bound(b));
  }
}

TEST_CASE("equal scales come back exactly, whatever the code") {
  Stored stored(std::vector<float>(300, 0.75F));
  for (std::size_t b = 0; b < 300; ++b) CHECK(stored.reader()(b) == 0.75F);
}

TEST_CASE("no scales at all") {
  Stored stored(std::vector<float>{});
  CHECK(*reinterpret_cast<float*>(stored.bytes() + stored.planes.find("offset")->offset) == 0);
}

TEST_CASE("large scales are summed in double precision; what overflows when stored is refused by name") {
  const float large = 3e38F;
  Stored stored(std::vector<float>(100, large));
  CHECK(stored.reader()(99) == large);
  std::vector<float> scales(100, std::numeric_limits<float>::max());
  scales[1] = std::numeric_limits<float>::lowest();
  CHECK_THROWS_AS(Stored{scales}, NumericError);
}
