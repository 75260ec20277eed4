#include "asterism/checkpoint/gguf/rope_factors.hpp"

#include <cmath>
#include <cstdint>
#include <numbers>
#include <optional>
#include <string_view>
#include <vector>

#include "asterism/checkpoint/gguf/gguf_store.hpp"
#include "asterism/core/error.hpp"
#include "asterism/shape/shape.hpp"

#include "support/files.hpp"
#include "support/gguf_bytes.hpp"

using namespace asterism;
using namespace asterism::checkpoint;
using asterism::test::check_error;
using asterism::test::GgufBytes;
using asterism::test::TemporaryFolder;
using asterism::test::write_file;

namespace {

constexpr std::int64_t head_dim = 128;
constexpr double theta = 5e5;

/// The factors as the converter computes them.
std::vector<float> factors_of(const linalg::RopeScaling& scaling) {
  std::vector<float> out;
  for (std::int64_t i = 0; i < head_dim; i += 2) {
    const double wavelength = 2 * std::numbers::pi * std::pow(theta, static_cast<double>(i) / head_dim);
    const double turns = scaling.original_positions / wavelength;
    const double smooth = (turns - scaling.low_freq_factor) / (scaling.high_freq_factor - scaling.low_freq_factor);
    out.push_back(static_cast<float>(turns > scaling.high_freq_factor ? 1
                                     : turns < scaling.low_freq_factor
                                         ? scaling.factor
                                         : 1 / ((1 - smooth) / scaling.factor + smooth)));
  }
  return out;
}

std::optional<linalg::RopeScaling> read(const std::vector<float>& factors) {
  const TemporaryFolder folder;
  write_file(folder / "m.gguf", GgufBytes().floats("rope_freqs.weight", {factors.size()}, factors).bytes());
  const GgufStore store(folder / "m.gguf");
  return llama3_scaling(store, store.tensors()[0], theta, head_dim);
}

}  // namespace

TEST_CASE("the scaling of published models is found again") {
  for (const double factor : {8.0, 32.0}) {
    for (const std::int32_t positions : {8192, 4096, 100'000}) {
      const linalg::RopeScaling scaling{.factor = factor, .original_positions = positions};
      CAPTURE(factor);
      CAPTURE(positions);
      CHECK(read(factors_of(scaling)) == scaling);
    }
  }
  CHECK_FALSE(read(std::vector<float>(64, 1)));
}

TEST_CASE("other factors are refused") {
  const auto refuse = [](const std::vector<float>& factors) {
    check_error<Unsupported>([&] { read(factors); }, {"m.gguf", "'rope_freqs.weight'", "Llama 3"});
  };
  std::vector<float> changed = factors_of({.factor = 8, .original_positions = 8192});
  changed[40] *= 1.01F;
  refuse(changed);
  refuse(std::vector<float>(64, 2));
  refuse(std::vector<float>(64, 0.5F));
  refuse(factors_of({.factor = 8, .low_freq_factor = 2, .high_freq_factor = 4, .original_positions = 8192}));
  check_error<FormatError>([] { read(std::vector<float>(63, 1)); },
                           {"'rope_freqs.weight'", "63 factors", "64 pairs"});
}
