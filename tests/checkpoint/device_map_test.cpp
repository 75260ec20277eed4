// Device maps of transformers.
#include "asterism/checkpoint/huggingface/device_map.hpp"

#include <string>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/machine/machine.hpp"

#include "support/files.hpp"

using namespace asterism;
using namespace asterism::checkpoint;
using asterism::placement::DeviceMap;
using asterism::placement::unplaced;
using asterism::test::check_error;

namespace {

constexpr Shape shape{.layers = 3, .experts = 4};

Machine two_and_host() {
  Machine machine = equal_devices(2, 1_GiB);
  machine.add(1_GiB, DeviceKind::host);
  return machine;
}

DeviceMap parse(std::string_view text) { return parse_device_map(text, "map.json", shape, two_and_host()); }

}  // namespace

TEST_CASE("what infer_auto_device_map writes for whole layers") {
  const test::TemporaryFolder folder;
  test::write_file(folder / "map.json",
                   R"({"model.embed_tokens": 0, "model.layers.0": 0, "model.layers.1": 1, "model.layers.2": 1,
                       "model.norm": 1, "model.rotary_emb": 0, "lm_head": 1})");
  CHECK(read_device_map(folder / "map.json", shape, two_and_host()) ==
        placement::layers_per_device({1, 2}, false));
  check_error<FileError>([&] { read_device_map(folder / "none.json", shape, two_and_host()); }, {"none.json"});
}

TEST_CASE("an entry stands for all that is in its module, the nearest one counts") {
  const DeviceMap all = parse(R"({"": 1})");
  CHECK(all == placement::layers_per_device({0, 3}, false));
  const DeviceMap map = parse(R"({"model": 0, "model.layers.1": 1, "model.layers.1.block_sparse_moe.gate": 0,
                                  "model.layers.2.block_sparse_moe": "cpu", "lm_head": 1})");
  CHECK(map.layers[0] == placement::LayerDevices{0, 0, 0, 0});
  CHECK(map.layers[1] == placement::LayerDevices{1, 1, 0, 1});
  CHECK(map.layers[2] == placement::LayerDevices{0, 0, 2, 2});
  CHECK(map.final_norm == 0);
  CHECK(map.head == 1);
  const DeviceMap fused = parse(R"({"model": 0, "model.layers.1.mlp": 1, "model.layers.2.mlp.experts": 1})");
  CHECK(fused.layers[1] == placement::LayerDevices{0, 0, 1, 1});
  CHECK(fused.layers[2] == placement::LayerDevices{0, 0, 0, 1});
  CHECK(fused.head == unplaced);
}

TEST_CASE("Switch layers have modules of other names") {
  Shape of_switch = shape;
  of_switch.architecture = Architecture::switch_decoder;
  const DeviceMap map = parse_device_map(
      R"({"model": 0, "model.layers.0.mlp.router": 1, "model.layers.1.mlp.experts.expert_0": 1,
          "model.layers.1.mlp.experts.expert_1": 1, "model.layers.1.mlp.experts.expert_2": 1,
          "model.layers.1.mlp.experts.expert_3": 1, "lm_head": 1})",
      "map.json", of_switch, two_and_host());
  CHECK(map.layers[0] == placement::LayerDevices{0, 0, 1, 0});
  CHECK(map.layers[1] == placement::LayerDevices{0, 0, 0, 1});
}

TEST_CASE("a dense layer's feed-forward block is placed where others have experts") {
  Shape mixed = shape;
  mixed.architecture = Architecture::qwen3_moe;
  mixed.dense_layers.insert(1);
  const auto parse_mixed = [&](std::string_view text) {
    return parse_device_map(text, "map.json", mixed, two_and_host());
  };
  const DeviceMap map = parse_mixed(R"({"model": 0, "model.layers.0.mlp": 1, "model.layers.1.mlp": 1,
                                        "model.layers.2.mlp.experts": 1})");
  CHECK(map.layers[0] == placement::LayerDevices{0, 0, 1, 1});
  CHECK(map.layers[1] == placement::LayerDevices{0, 0, 1, 1});
  CHECK(map.layers[2] == placement::LayerDevices{0, 0, 0, 1});
  check_error<Unsupported>(
      [&] { parse_mixed(R"({"": 0, "model.layers.1.mlp.up_proj": 1})"); },
      {"model.layers.1.mlp.gate_proj is on device 0", "model.layers.1.mlp.up_proj on device 1"});
  check_error<FormatError>([&] { parse_mixed(R"({"": 0, "model.layers.1.mlp.experts": 1})"); },
                           {"model.layers.1.mlp.experts"});
}

TEST_CASE("linear attention and shared experts are placed by their own names") {
  Shape hybrid = shape;
  hybrid.architecture = Architecture::qwen3_next;
  hybrid.linear_layers.insert(1);
  hybrid.shared_ffn = 8;
  const auto parse_hybrid = [&](std::string_view text) {
    return parse_device_map(text, "map.json", hybrid, two_and_host());
  };
  const DeviceMap map = parse_hybrid(R"({"": 0, "model.layers.0.self_attn": 1, "model.layers.1.linear_attn": 1,
                                         "model.layers.2.mlp": 1})");
  CHECK(map.layers[0] == placement::LayerDevices{1, 0, 0, 0});
  CHECK(map.layers[1] == placement::LayerDevices{1, 0, 0, 0});
  CHECK(map.layers[2] == placement::LayerDevices{0, 0, 1, 1});
  for (const char* part : {"shared_expert", "shared_expert_gate"}) {
    CAPTURE(part);
    check_error<Unsupported>([&] { parse_hybrid(concat(R"({"": 0, "model.layers.2.mlp.)", part, R"(": 1})")); },
                             {"model.layers.2.mlp.experts.0 is on device 0", concat(part, " on device 1"),
                              "together"});
  }
  for (const char* name : {"model.layers.0.linear_attn", "model.layers.1.self_attn"}) {
    CAPTURE(name);
    check_error<FormatError>([&] { parse_hybrid(concat(R"({"": 0, ")", name, R"(": 1})")); },
                             {"map.json", name, "linear_attn"});
  }
  check_error<FormatError>([] { parse(R"({"": 0, "model.layers.1.mlp.shared_expert": 1})"); }, {"shared_expert"});
}

TEST_CASE("what is missing or unknown is left to the validator") {
  CHECK(parse("{}") == DeviceMap{unplaced, {{}, {}, {}}, unplaced, unplaced});
  const DeviceMap map = parse(R"({"model.layers.1.self_attn": 7})");
  CHECK(map.layers[1] == placement::LayerDevices{7, unplaced, unplaced, unplaced});
}

TEST_CASE("what a layer keeps in one piece is not split") {
  check_error<Unsupported>([] { parse(R"({"": 0, "model.layers.1.block_sparse_moe.experts.2": 1})"); },
                           {"map.json", "model.layers.1.block_sparse_moe.experts.0 is on device 0",
                            "model.layers.1.block_sparse_moe.experts.2 on device 1", "together"});
  check_error<Unsupported>(
      [] { parse(R"({"model.layers.0.input_layernorm": 0})"); },
      {"model.layers.0.input_layernorm is on device 0", "post_attention_layernorm on no device"});
  CHECK(parse(R"({"": 0, "model.layers.0.block_sparse_moe.experts.0": 1,
                  "model.layers.0.block_sparse_moe.experts.1": 1, "model.layers.0.block_sparse_moe.experts.2": 1,
                  "model.layers.0.block_sparse_moe.experts.3": 1})")
            .layers[0]
            .experts == 1);
}

TEST_CASE("names that place nothing and values that are no device are refused") {
  for (const char* name : {"model.layers.3", "model.layers.0.self_attn.q_proj", "model.embed_token",
                           "model.layers.01", "model.layers.0.block_sparse_moe.experts.4"}) {
    CAPTURE(name);
    check_error<FormatError>([&] { parse(concat(R"({"": 0, ")", name, R"(": 1})")); },
                             {"map.json", name, "expected model.embed_tokens"});
  }
  for (const char* value : {"-1", "1.0", "\"disk\"", "\"cuda:0\"", "null", "[0]", "4294967296", "true"}) {
    CAPTURE(value);
    check_error<FormatError>([&] { parse(concat(R"({"model": )", value, "}")); },
                             {"map.json", "'model'", "expected"});
  }
  check_error<FormatError>([] { parse_device_map(R"({"": "cpu"})", "f", shape, equal_devices(2, 1_GiB)); },
                           {"f", "no host device", "host:64GiB"});
  check_error<FormatError>([] { parse("[0]"); }, {"map.json", "expected an object"});
  check_error<FormatError>([] { parse(R"({"": 0, "": 0})"); }, {"second time"});
}
