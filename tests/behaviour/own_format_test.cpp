// A weight format of one's own, without a change to any file of the toolkit: the laws run over it, a model
// generates tokens in it through the product that every format has, and the laws catch planted mistakes.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/generate/load.hpp"
#include "asterism/kernels.hpp"
#include "asterism/quant/abs_max.hpp"
#include "asterism/quant/concept.hpp"

#include "laws/quantization_laws.hpp"
#include "support/decoded.hpp"
#include "support/golden.hpp"

using namespace asterism;
using quant::MatrixRef;
using quant::Planes;

namespace {

// Each weight is -2 ... 2 times the scale of its 64 neighbours; three levels share a byte.
struct FiveLevels {
  static constexpr int block = 64, block_bytes = 22;
  static constexpr int place[3] = {1, 5, 25};
  static constexpr double bits_per_weight = (8.0 * block_bytes + 32) / block;
  static constexpr int code_bits = 8;
  static constexpr std::size_t element_bytes = 0;
  static std::string name() { return "five levels"; }
  static constexpr Planes planes(std::uint64_t rows, std::uint64_t cols) {
    const std::uint64_t blocks = (quant::element_count(rows, cols) + block - 1) / block;
    Planes result;
    result.add("levels", blocks * block_bytes);
    result.add("scales", blocks * 4);
    return result;
  }
  static void encode(quant::WeightSource source, std::uint64_t rows, std::uint64_t cols, std::byte* out) {
    const Planes layout = planes(rows, cols);
    std::memset(out, 0, layout.bytes().count);
    quant::for_each_block<block>(source, rows * cols, [&](std::uint64_t b, const float* values) {
      const float scale = quant::AbsMax::largest_magnitude<block>(values) / 2;
      std::memcpy(out + layout[1].offset + b * 4, &scale, 4);
      for (int i = 0; i < block; ++i) {
        const float level = scale == 0 ? 0 : std::clamp(std::round(values[i] / scale), -2.0F, 2.0F);
        std::byte& three = out[b * block_bytes + static_cast<std::uint64_t>(i / 3)];
        three = static_cast<std::byte>(static_cast<int>(three) + (static_cast<int>(level) + 2) * place[i % 3]);
      }
    });
  }
  static void decode(MatrixRef<FiveLevels> matrix, std::uint64_t first, View<float> out) {
    for (std::size_t i = 0; i < out.size; ++i) {
      const std::uint64_t in_block = (first + i) % block;
      const auto three = static_cast<int>(matrix.data[(first + i) / block * block_bytes + in_block / 3]);
      out[i] = static_cast<float>(three / place[in_block % 3] % 5 - 2) * scale_of(matrix, first + i);
    }
  }
  static float scale_of(MatrixRef<FiveLevels> matrix, std::uint64_t i) {
    const std::byte* scales = matrix.data + planes(matrix.rows, matrix.cols)[1].offset;
    return reinterpret_cast<const float*>(scales)[i / block];
  }
  static double error_bound(MatrixRef<FiveLevels> matrix, std::uint64_t i, float original) {
    return 0.5 * double{scale_of(matrix, i)} + 0x1p-22 * std::fabs(double{original}) + 0x1p-148;
  }
};

template <class Q>
struct Model : Blueprint {
  static constexpr Limits limits{.context = 256, .batch = 1, .prefill_chunk = 16, .threads = 2};
  using Quantization = Q;
};

// Formats with a mistake each, FiveLevels otherwise.
template <class Self>
struct Mistaken : FiveLevels {
  static void decode(MatrixRef<Self> matrix, std::uint64_t first, View<float> out) {
    FiveLevels::decode({matrix.data, matrix.rows, matrix.cols}, first, out);
  }
  static double error_bound(MatrixRef<Self> matrix, std::uint64_t i, float original) {
    return FiveLevels::error_bound({matrix.data, matrix.rows, matrix.cols}, i, original);
  }
};
struct TwoPercentMore : Mistaken<TwoPercentMore> {
  static void decode(MatrixRef<TwoPercentMore> matrix, std::uint64_t first, View<float> out) {
    Mistaken::decode(matrix, first, out);
    for (float& value : out) value *= 1.02F;
  }
};
struct ForgetsWhereItStarts : Mistaken<ForgetsWhereItStarts> {
  static void decode(MatrixRef<ForgetsWhereItStarts> matrix, std::uint64_t first, View<float> out) {
    Mistaken::decode(matrix, first / block * block, out);
  }
};
struct MovesZeros : Mistaken<MovesZeros> {
  static void decode(MatrixRef<MovesZeros> matrix, std::uint64_t first, View<float> out) {
    Mistaken::decode(matrix, first, out);
    for (float& value : out) value = value == 0 ? 1e-30F : value;
  }
};
struct LeavesPadding : Mistaken<LeavesPadding> {
  static void encode(quant::WeightSource source, std::uint64_t rows, std::uint64_t cols, std::byte* out) {
    const std::uint64_t bytes = planes(rows, cols).bytes().count;
    const std::byte before = bytes == 0 ? std::byte{0} : out[bytes - 1];
    FiveLevels::encode(source, rows, cols, out);
    if (bytes != 0) out[bytes - 1] = before;
  }
};

}  // namespace

TEST_CASE("a format of one's own obeys the laws") { laws::quantization<FiveLevels>(); }

TEST_CASE("a model in a format of one's own generates what its decoded weights do, to the bit") {
  const std::string folder = std::string(ASTERISM_GOLDEN_DIR) + "/models/demo";
  const test::Golden golden("expected/demo.safetensors");
  const auto prompt = golden.values<TokenId>("prompt_33");
  const auto own = load<Model<FiveLevels>>(folder);
  const auto decoded = load<Model<test::Decoded<FiveLevels>>>(folder);
  const std::vector<float> logits = own.session().logits(prompt);
  CHECK(logits == decoded.session().logits(prompt));
  CHECK(logits != golden.values<float>("logits_33"));
  GenerateOptions options;
  options.max_tokens = 40;
  options.stop_at_eos = false;
  auto session = own.session();
  const std::vector<TokenId> tokens = session.generate_tokens(prompt, options);
  CHECK(tokens.size() == 40);
  auto other = decoded.session();
  CHECK(tokens == other.generate_tokens(prompt, options));
}

// These tests pass because the law in them fails.
TEST_CASE("the law of errors catches weights that are two percent too large" * doctest::should_fail() *
          doctest::no_output()) {
  laws::error_stays_within_the_bound<TwoPercentMore>(1e30F);
}
TEST_CASE("the law of ranges catches a decoder that starts at a block" * doctest::should_fail() *
          doctest::no_output()) {
  laws::any_range_decodes_alike<ForgetsWhereItStarts>();
}
TEST_CASE("the law of zeros catches zeros that become tiny" * doctest::should_fail() * doctest::no_output()) {
  laws::zeros_stay_zeros<MovesZeros>(1e30F);
}
TEST_CASE("the law of determinism catches padding that stays as it was" * doctest::should_fail() *
          doctest::no_output()) {
  laws::encoding_is_deterministic<LeavesPadding>();
}
