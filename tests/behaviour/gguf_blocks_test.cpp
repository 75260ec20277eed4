// Models whose GGUF files are in blocks of ggml: kept as they are stored, decoded, or quantized again where that is
// allowed, with a word in the memory report.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/cache/least_recent.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/progress.hpp"
#include "asterism/generate/load.hpp"
#include "asterism/generate/load_slotted.hpp"
#include "asterism/generate/write_experts.hpp"
#include "asterism/generate/write_gguf.hpp"
#include "asterism/kernels.hpp"
#include "asterism/machine/machine.hpp"
#include "asterism/quant/ggml_formats.hpp"
#include "asterism/quant/nf4.hpp"

#include "checkpoint/edited_checkpoint.hpp"
#include "generate/variants.hpp"
#include "support/files.hpp"

using namespace asterism;
using test::Exact;

namespace {

template <class Q>
struct In : Exact {
  using Quantization = Q;
  using Embedding = Q;
  using Head = quant::Q8_0;
};
struct InIntegers : In<quant::Q8_0> {
  using Backend = backend::BasicHost<parallel::Serial, quant::Int8Activations>;
};
struct Nested : Exact {
  using Quantization = quant::Nf4<64, quant::DoubleQuantized>;
};
/// Experts take turns in slots.
struct Turns : In<quant::Q8_0> {
  using Cache = cache::LeastRecent;
};

/// tests/golden/models/plain under a recipe, on disk while this lives.
struct File {
  explicit File(const std::string& recipe) {
    ProgressSink silence;
    write_gguf(test::golden_model("plain"), path(), silence, {.tokenizer = false, .recipe = recipe});
  }
  std::string path() const { return folder / "m.gguf"; }
  test::TemporaryFolder folder;
};

template <class B>
std::vector<float> logits_of(const std::string& path, const LoadOptions& options = {}) {
  const auto model = load<B>(path, options);
  auto session = model.session();
  std::vector<TokenId> tokens;
  for (TokenId i = 0; i < 40; ++i) tokens.push_back((7 * i + 3) % 48);
  return session.logits(tokens);
}

double largest_difference(const std::vector<float>& a, const std::vector<float>& b) {
  REQUIRE(a.size() == b.size());
  double difference = 0;
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference = std::max(difference, std::abs(double{a[i]} - double{b[i]}));
    largest = std::max(largest, std::abs(double{b[i]}));
  }
  return difference / largest;
}

}  // namespace

TEST_CASE("blocks that stay as they are answer as the same weights in float32") {
  const File bytes("Q8_0");
  const std::vector<float> decoded = logits_of<Exact>(bytes.path());
  CHECK(largest_difference(logits_of<In<quant::Q8_0>>(bytes.path()), decoded) < 1e-5);
  CHECK(largest_difference(logits_of<InIntegers>(bytes.path()), decoded) < 0.05);
  const File nibbles("Q4_0");
  CHECK(largest_difference(logits_of<In<quant::Q4_0>>(nibbles.path()), logits_of<Exact>(nibbles.path())) < 1e-5);
  // 8 bits are near the weights that were quantized, 4 bits farther.
  const std::vector<float> original = logits_of<Exact>(test::golden_model("plain"));
  CHECK(largest_difference(decoded, original) < 0.06);
  CHECK(largest_difference(logits_of<Exact>(nibbles.path()), original) > largest_difference(decoded, original));
}

TEST_CASE("the memory report says what was decoded") {
  const File file("Q8_0");
  const auto kept = load<In<quant::Q8_0>>(file.path()).memory_report();
  CHECK(kept.find("Q8_0 decoded") == std::string::npos);
  const auto decoded = load<Exact>(file.path()).memory_report();
  // Of two layers four matrices of the attention and three of all experts; embedding and head.
  CHECK(decoded.find("16 tensors of Q8_0 decoded to float32\n") != std::string::npos);
}

TEST_CASE("another format of codes is refused, or quantized again with a word") {
  const File file("Q4_0");
  test::check_error<Unsupported>([&] { load<In<quant::Q8_0>>(file.path()); },
                                 {"m.gguf", "Q4_0", "Q8_0", "LoadOptions::quantize_again"});
  const auto model = load<In<quant::Q8_0>>(file.path(), {.quantize_again = true});
  CHECK(model.memory_report().find("15 tensors of Q4_0 decoded and quantized again as Q8_0\n") !=
        std::string::npos);
  CHECK(largest_difference(logits_of<In<quant::Q8_0>>(file.path(), {.quantize_again = true}),
                           logits_of<Exact>(file.path())) < 0.1);
}

TEST_CASE("4 bits with double-quantized scales take blocks in again, and other 4 bits of bitsandbytes") {
  const File file("Q8_0");
  test::check_error<Unsupported>([&] { load<Nested>(file.path()); }, {"Q8_0", "nf4 block 64", "quantize_again"});
  // Rows of queries and keys are gathered. No farther from the weights than where those were quantized once.
  const std::string original = test::golden_model("plain");
  const double once = largest_difference(logits_of<Nested>(original), logits_of<Exact>(original));
  const double again =
      largest_difference(logits_of<Nested>(file.path(), {.quantize_again = true}), logits_of<Exact>(original));
  CHECK(again < 1.2 * once);
  const std::string plain = test::golden_model("bnb_router4");
  test::check_error<Unsupported>([&] { load<Nested>(plain); }, {"plain scales", "quantize_again"});
  // The scales alone change. The routers, in 4 bits too, are float32 in every Blueprint and not counted.
  const std::string report = load<Nested>(plain, {.quantize_again = true}).memory_report();
  CAPTURE(report);
  CHECK(
      report.find("44 tensors of nf4 block 64 decoded and quantized again as nf4 block 64, double-quantized\n") !=
      std::string::npos);
  const std::string decoded = load<Exact>(plain).memory_report();
  CAPTURE(decoded);
  CHECK(decoded.find("44 tensors of nf4 block 64 decoded to float32\n") != std::string::npos);
  CHECK(load<Nested>(test::golden_model("bnb_experts"), {}).memory_report().find("quantized again") ==
        std::string::npos);
  CHECK(largest_difference(logits_of<Nested>(plain, {.quantize_again = true}), logits_of<Exact>(plain)) < 0.3);
}

TEST_CASE("experts that take turns are blocks too") {
  const File file("Q8_0");
  const test::TemporaryFolder folder;
  ProgressSink silence;
  write_experts<Turns>(file.path(), folder / "experts", silence);
  CHECK(logits_of<Turns>(file.path(), {.machine = equal_devices(1, 16_MiB), .experts = folder / "experts"}) ==
        logits_of<In<quant::Q8_0>>(file.path()));
}

TEST_CASE("experts that take turns are quantized again where that is allowed") {
  const File file("Q4_0");
  const test::TemporaryFolder folder;
  ProgressSink silence;
  test::check_error<Unsupported>([&] { write_experts<Turns>(file.path(), folder / "experts", silence); },
                                 {"Q4_0", "Q8_0", "quantize_again"});
  write_experts<Turns>(file.path(), folder / "experts", silence, true);
  const LoadOptions options{
      .machine = equal_devices(1, 16_MiB), .experts = folder / "experts", .quantize_again = true};
  CHECK(logits_of<Turns>(file.path(), options) ==
        logits_of<In<quant::Q8_0>>(file.path(), {.quantize_again = true}));
}

TEST_CASE("a model whose rows are not whole blocks is refused before a weight is read") {
  const std::string odd = test::golden_model("odd_sizes");
  test::check_error<InvalidArgument>([&] { load<In<quant::Q4_K>>(odd); }, {"Q4_K", "blocks of 256", "rows of"});
}
