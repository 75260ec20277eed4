// A model on the devices that a map names, and the refusal of maps that are not sound.
#include "asterism/checkpoint/huggingface/device_map.hpp"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/generate/load.hpp"
#include "asterism/machine/machine.hpp"

#include "checkpoint/edited_checkpoint.hpp"
#include "generate/variants.hpp"

using namespace asterism;
using test::check_error;
using test::Exact;
using test::golden_model;

namespace {

LoadOptions mapped(const placement::DeviceMap& map, Bytes each = 64_MiB) {
  LoadOptions options;
  options.machine = equal_devices(2, each);
  options.device_map = map;
  return options;
}

std::vector<float> logits(const LanguageModel<Exact>& model) {
  auto session = model.session();
  return session.logits(std::vector<TokenId>{5, 9, 14, 3, 77, 120});
}

}  // namespace

TEST_CASE("a map decides where the parts of a model go, not what it computes") {
  const std::string folder = golden_model("plain");
  LoadOptions one;
  one.machine = equal_devices(1, 64_MiB);
  const std::vector<float> expected = logits(load<Exact>(folder, one));
  for (const std::vector<std::int32_t>& counts : {std::vector{1, 1}, {2, 0}, {0, 2}}) {
    CAPTURE(counts[0]);
    const LanguageModel<Exact> model = load<Exact>(folder, mapped(placement::layers_per_device(counts, false)));
    CHECK(model.plan().cuts[1] == counts[0]);
    CHECK(logits(model) == expected);
  }
}

TEST_CASE("a file of transformers is a map") {
  const std::string folder = golden_model("plain");
  const Shape shape = plan_load<Exact>(folder).config.shape;
  const placement::DeviceMap map = checkpoint::parse_device_map(
      R"({"model.embed_tokens": 0, "model.layers.0": 0, "model.layers.1": 1, "model.norm": 1, "lm_head": 1})",
      "map", shape, equal_devices(2, 64_MiB));
  CHECK(plan_load<Exact>(folder, mapped(map)).plan.cuts[1] == 1);
}

TEST_CASE("a map that is not sound is refused with all that is wrong and a sound map") {
  const std::string folder = golden_model("plain");
  placement::DeviceMap map = placement::layers_per_device({1, 1}, false);
  map.embedding = 1;
  map.layers[1].experts = 0;
  check_error<InvalidArgument>(
      [&] { load<Exact>(folder, mapped(map)); },
      {folder, "embedding: on device 1, expected device 0, where the first layer is",
       "layer 1's experts: on device 0, expected device 1", "moves the least", "  embedding: device 0\n"});
  check_error<InvalidArgument>(
      [&] {
        plan_load<Exact>(folder, mapped(placement::layers_per_device({2, 0}, false), 200_KiB));
      },
      {folder, "device 0: holds ", "at most its budget of 200.0 KiB"});
}
