#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/load.hpp"

#include "own/alternating_kv.hpp"
#include "own/from_behind.hpp"
#include "own/mx_int8.hpp"
#include "own/sigmoid_top_k.hpp"

using namespace asterism;

namespace {

struct Own : Blueprint {
  static constexpr Limits limits{.context = 256, .batch = 1, .prefill_chunk = 32, .threads = 2};
  using Quantization = MxInt8;
  using Placement = FromBehind;
  using Gating = SigmoidTopK;
  using KvCache = AlternatingKv<8, 2, quant::Float32>;
};
static_assert(differs<Own, Blueprint>);

constexpr const char* folder = ASTERISM_GOLDEN_DIR "/models/demo";

template <class Model>
std::string answer(const Model& model) {
  auto session = model.session({.seed = 7});
  std::string text;
  for (std::string_view piece : session.generate("Once upon a time", {.max_tokens = 24})) text += piece;
  CHECK(session.last().usage.completion_tokens == 24);
  return text;
}

}  // namespace

TEST_CASE("a model answers with four policies of its user, on one device and on the last of two") {
  const auto model = load<Own>(folder), behind = load<Own>(folder, {.machine = machines::dual_16gb});
  CHECK(model.memory_report().find("experts and attention mxint8") != std::string::npos);
  CHECK(behind.memory_report().find("device 1: planned 2.9 MiB") != std::string::npos);
  const std::string text = answer(model);
  MESSAGE(std::string(text), "\n", behind.memory_report());
  CHECK(answer(model) == text);
  CHECK(answer(behind) == text);
}
