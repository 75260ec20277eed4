// Checkpoints written as GGUF files have the same shapes, weights and bytes as before.
#include "asterism/generate/write_gguf.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/checkpoint/gguf/gguf_store.hpp"
#include "asterism/checkpoint/weight_files.hpp"
#include "asterism/checkpoint/weight_finder.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/progress.hpp"
#include "asterism/file/path.hpp"
#include "asterism/generate/checkpoint_extras.hpp"
#include "asterism/generate/load_options.hpp"
#include "asterism/model/weights.hpp"
#include "asterism/quant/block_codec.hpp"

#include "checkpoint/edited_checkpoint.hpp"
#include "support/files.hpp"

using namespace asterism;
using test::check_error;
using test::golden_model;
using test::TemporaryFolder;

namespace {

/// A folder of the golden files, and the GGUF file made of it.
struct Pair {
  std::string folder;
  std::string file;
};

std::string small(const std::string& name) { return std::string(ASTERISM_GOLDEN_DIR) + "/gguf/" + name; }

void write(const std::string& from, const std::string& to) {
  ProgressSink silence;
  write_gguf(from, to, silence, {.tokenizer = false});
}

/// All weights of a checkpoint in the order of its network.
std::vector<std::vector<float>> weights_of(const std::string& path) {
  const Shape shape = generate::read_config(path).shape;
  const checkpoint::WeightFiles files(path);
  std::vector<std::vector<float>> out;
  for (const checkpoint::FoundWeight& found : files.find(shape, !shape.tied_head)) {
    const model::WeightInfo& info = model::info_of(shape.architecture, found.id.role);
    out.emplace_back(model::size_of(info.rows, shape) * model::size_of(info.cols, shape));
    checkpoint::read_floats(files.store(), found, 0, out.back());
  }
  return out;
}

void check_same(const std::string& from) {
  CAPTURE(from);
  const TemporaryFolder folder;
  const std::string to = folder / "m.gguf";
  write(from, to);
  const checkpoint::ModelConfig expected = generate::read_config(from);
  const checkpoint::ModelConfig found = generate::read_config(to);
  Shape shape = expected.shape;
  if (shape.architecture == Architecture::mistral && shape.sliding_window == 0) {
    shape.architecture = Architecture::llama;  // what GGUF calls it
  }
  CHECK(found.shape == shape);
  CHECK(found.bos == expected.bos);
  CHECK(found.pad == expected.pad);
  CHECK(weights_of(to) == weights_of(from));
}

}  // namespace

TEST_CASE("every architecture and form keeps its shape and its weights, bit for bit") {
  for (const char* name : {"plain",
                           "one_kv_head",
                           "window",
                           "many_experts",
                           "fused",
                           "bf16",
                           "odd_sizes",
                           "demo",
                           "qwen3_moe_plain",
                           "llama_plain",
                           "llama3_scaled",
                           "llama_bias_tied",
                           "llama_bf16_shards",
                           "llama_old",
                           "mistral_plain",
                           "mistral_window",
                           "mistral_default_window",
                           "mistral_tied_bf16",
                           "mistral_old",
                           "qwen3_next_plain",
                           "qwen3_next_equal_heads",
                           "qwen3_next_interval_bf16",
                           "qwen3_next_old_mtp"}) {
    check_same(golden_model(name));
  }
  check_same(std::string(ASTERISM_SOURCE_DIR) + "/examples/small_mixtral/checkpoint");
}

TEST_CASE("tensors are those that llama.cpp's converter makes") {
  const Pair pairs[] = {
      {"mixtral", "mixtral.gguf"}, {"llama", "llama.gguf"}, {"qwen3_next", "qwen3_next-00001-of-00004.gguf"}};
  for (const Pair& pair : pairs) {
    CAPTURE(pair.file);
    const TemporaryFolder place;
    write(small(pair.folder), place / "m.gguf");
    const checkpoint::GgufStore expected(small(pair.file));
    const checkpoint::GgufStore found(place / "m.gguf");
    std::size_t compared = 0;
    for (const checkpoint::TensorInfo& tensor : expected.tensors()) {
      if (tensor.name.starts_with("blk.4.")) continue;  // predicts a token more
      CAPTURE(tensor.name);
      const checkpoint::TensorInfo* same = found.find(tensor.name);
      REQUIRE(same != nullptr);
      CHECK(same->shape == tensor.shape);
      CHECK(same->dtype == tensor.dtype);
      CHECK(found.bytes(*same) == expected.bytes(tensor));
      ++compared;
    }
    CHECK(compared == found.tensors().size());
  }
}

TEST_CASE("the shipped checkpoint takes its tokenizer and its end token along") {
  const std::string from = std::string(ASTERISM_SOURCE_DIR) + "/examples/small_mixtral/checkpoint";
  const TemporaryFolder folder;
  ProgressSink silence;
  write_gguf(from, folder / "m.gguf", silence);
  const CheckpointExtras expected = CheckpointExtras::read(from, generate::read_config(from));
  const CheckpointExtras found =
      CheckpointExtras::read(folder / "m.gguf", generate::read_config(folder / "m.gguf"));
  CHECK(found.end_tokens() == expected.end_tokens());
  for (const char* text : {"", "Salt Dancer costs 3.", "[KNOWLEDGE] two  words\n<s>"}) {
    CHECK(found.required_tokenizer().encode(text) == expected.required_tokenizer().encode(text));
  }
}

TEST_CASE("what the format does not hold is refused, and leaves no file") {
  const TemporaryFolder folder;
  const auto refused = [&](const std::string& from, std::string_view words) {
    check_error<Unsupported>([&] { write(from, folder / "m.gguf"); }, {from, words});
    CHECK(file::path_kind(folder / "m.gguf") == file::PathKind::missing);
  };
  refused(golden_model("qwen3_moe_dense_list"), "dense");
  refused(golden_model("qwen3_moe_old"), "not normalised");
  refused(golden_model("switch_plain"), "'switch_decoder'");
  refused(golden_model("bnb_experts"), "4 bits");
  check_error<FileError>([&] { write("/nowhere", folder / "m.gguf"); }, {"/nowhere"});
}

TEST_CASE("under a recipe matrices are in its blocks, and decode to what its formats make of them") {
  const std::string from = golden_model("plain");
  const TemporaryFolder folder;
  ProgressSink silence;
  write_gguf(from, folder / "m.gguf", silence, {.tokenizer = false, .recipe = "Q4_1"});
  CHECK(generate::read_config(folder / "m.gguf").shape == generate::read_config(from).shape);
  const checkpoint::GgufStore store(folder / "m.gguf");
  CHECK(store.metadata().integer("general.file_type", 0, 100) == 3);
  CHECK(store.metadata().integer("general.quantization_version", 0, 100) == 2);
  CHECK(store.type_of(*store.find("blk.1.ffn_down_exps.weight")).name == "Q4_1");
  CHECK(store.type_of(*store.find("token_embd.weight")).name == "Q4_1");
  CHECK(store.type_of(*store.find("output.weight")).name == "Q8_0");  // 64 are no whole block of Q6_K
  CHECK(store.type_of(*store.find("blk.1.ffn_gate_inp.weight")).name == "F32");
  CHECK(store.type_of(*store.find("blk.1.attn_norm.weight")).name == "F32");
  const Shape shape = generate::read_config(from).shape;
  const checkpoint::TensorStore original(from);
  const auto expected = checkpoint::find_weights(original, shape, true);
  const auto found = checkpoint::find_weights(store, shape, true);
  REQUIRE(found.size() == expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    CAPTURE(found[i].location.name);
    const model::WeightInfo& info = model::info_of(shape.architecture, found[i].id.role);
    const std::size_t count = model::size_of(info.rows, shape) * model::size_of(info.cols, shape);
    std::vector<float> values(count);
    std::vector<float> decoded(count);
    checkpoint::read_floats(original, expected[i], 0, values);
    checkpoint::read_floats(store, found[i], 0, decoded);
    if (const quant::BlockCodec* codec = found[i].blocks) {
      std::vector<std::byte> blocks(count / codec->elements * codec->bytes);
      const quant::FloatWeights source{values};
      quant::encode_blocks(*codec, source, count, blocks.data());
      quant::decode_blocks(*codec, blocks.data(), 0, values);
    }
    CHECK(decoded == values);
  }
}

TEST_CASE("recipes that are not known and weights beyond their formats are refused, and leave no file") {
  const TemporaryFolder folder;
  ProgressSink silence;
  check_error<Unsupported>(
      [&] {
        write_gguf(golden_model("plain"), folder / "m.gguf", silence, {.tokenizer = false, .recipe = "IQ1_S"});
      },
      {"'IQ1_S'", "Q4_K_M"});
  test::EditedCheckpoint edited(golden_model("plain"));
  edited.set("model.layers.1.self_attn.q_proj.weight", 70, 1e8F);
  const TemporaryFolder source;
  edited.write(source.path());
  check_error<FormatError>(
      [&] { write_gguf(source.path(), folder / "m.gguf", silence, {.tokenizer = false, .recipe = "Q4_0"}); },
      {"model.safetensors: ",
       "'model.layers.1.self_attn.q_proj.weight', written as 'blk.1.attn_q.weight': elements ",
       "exceed the range of Q4_0: choose another recipe"});
  CHECK(file::path_kind(folder / "m.gguf") == file::PathKind::missing);
  // Elements are counted in the tensor of all experts.
  test::EditedCheckpoint third(golden_model("plain"));
  const std::string name = "model.layers.1.block_sparse_moe.experts.2.w2.weight";
  const std::size_t elements = third.tensors.at(name).bytes.size() / 4;
  third.set(name, 70, 1e8F);
  third.write(source.path());
  const std::size_t first = 2 * elements + 64;
  check_error<FormatError>(
      [&] { write_gguf(source.path(), folder / "m.gguf", silence, {.tokenizer = false, .recipe = "Q4_0"}); },
      {"'" + name + "', written as 'blk.1.ffn_down_exps.weight'",
       concat("elements ", first, " to ", first + 31, " exceed the range of Q4_0")});
}
