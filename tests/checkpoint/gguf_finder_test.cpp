#include "asterism/checkpoint/gguf/gguf_finder.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/checkpoint/gguf/gguf_config.hpp"
#include "asterism/checkpoint/gguf/gguf_store.hpp"
#include "asterism/checkpoint/huggingface/model_config.hpp"
#include "asterism/checkpoint/safetensors/tensor_store.hpp"
#include "asterism/checkpoint/weight_finder.hpp"
#include "asterism/core/error.hpp"
#include "asterism/model/weights.hpp"

#include "support/files.hpp"
#include "support/gguf_bytes.hpp"

using namespace asterism;
using namespace asterism::checkpoint;
using asterism::test::check_error;
using asterism::test::GgufBytes;
using asterism::test::TemporaryFolder;
using asterism::test::write_file;

namespace {

/// A folder of the golden files, and the GGUF file made of it.
struct Pair {
  std::string folder;
  std::string file;
};

std::string golden(const std::string& name) { return std::string(ASTERISM_GOLDEN_DIR) + "/gguf/" + name; }

template <class Store>
std::vector<float> values(const Store& store, const FoundWeight& found, const Shape& shape) {
  const model::WeightInfo& info = model::info_of(shape.architecture, found.id.role);
  std::vector<float> out(model::size_of(info.rows, shape) * model::size_of(info.cols, shape));
  read_floats(store, found, 0, out);
  return out;
}

/// A dense model of one layer, without what `leave_out` names.
using Tensors = std::map<std::string, std::vector<std::uint64_t>>;

GgufBytes dense_model(const std::function<void(Tensors&)>& change, const std::function<void(GgufBytes&)>& more) {
  Tensors tensors{
      {"token_embd.weight", {4, 6}},   {"output_norm.weight", {4}},          {"blk.0.attn_norm.weight", {4}},
      {"blk.0.ffn_norm.weight", {4}},  {"blk.0.attn_q.weight", {4, 4}},      {"blk.0.attn_k.weight", {4, 4}},
      {"blk.0.attn_v.weight", {4, 4}}, {"blk.0.attn_output.weight", {4, 4}}, {"blk.0.ffn_gate.weight", {4, 8}},
      {"blk.0.ffn_up.weight", {4, 8}}, {"blk.0.ffn_down.weight", {8, 4}}};
  change(tensors);
  GgufBytes out;
  out.text("general.architecture", "llama").u32("llama.block_count", 1).u32("llama.context_length", 8);
  out.u32("llama.embedding_length", 4).u32("llama.feed_forward_length", 8).u32("llama.attention.head_count", 1);
  out.f32("llama.attention.layer_norm_rms_epsilon", 1e-5F);
  for (const auto& [name, sizes] : tensors) {
    std::uint64_t count = 1;
    for (const std::uint64_t size : sizes) count *= size;
    std::vector<float> ascending;
    for (std::uint64_t i = 0; i < count; ++i) ascending.push_back(static_cast<float>(i));
    out.floats(name, sizes, ascending);
  }
  more(out);
  return out;
}

std::vector<FoundWeight> find_all(const GgufStore& store) {
  const Shape shape = gguf_model_config(store).shape;
  return find_weights(store, shape, !shape.tied_head);
}

template <class E>
void check_refused(const std::function<void(Tensors&)>& change, const std::function<void(GgufBytes&)>& more,
                   std::initializer_list<std::string_view> parts) {
  const TemporaryFolder folder;
  write_file(folder / "m.gguf", dense_model(change, more).bytes());
  const GgufStore store(folder / "m.gguf");
  check_error<E>([&] { find_all(store); }, {"m.gguf"});
  check_error<E>([&] { find_all(store); }, parts);
}

const auto nothing = [](auto& /*file*/) {};

}  // namespace

TEST_CASE("every weight has the values that the folder has") {
  const Pair pairs[] = {{"mixtral", "mixtral.gguf"},
                        {"llama", "llama.gguf"},
                        {"mistral_window", "mistral_window.gguf"},
                        {"qwen3_moe", "qwen3_moe.gguf"},
                        {"qwen3_next", "qwen3_next-00001-of-00004.gguf"},
                        {"qwen3_next_old", "qwen3_next_old.gguf"}};
  for (const Pair& pair : pairs) {
    CAPTURE(pair.file);
    const GgufStore gguf(golden(pair.file));
    const TensorStore safetensors(golden(pair.folder));
    const Shape shape = read_model_config(golden(pair.folder)).shape;
    const auto expected = find_weights(safetensors, shape, !shape.tied_head);
    const auto found = find_weights(gguf, shape, !shape.tied_head);
    REQUIRE(found.size() == expected.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
      CAPTURE(found[i].location.name);
      CHECK(found[i].id == expected[i].id);
      CHECK(values(gguf, found[i], shape) == values(safetensors, expected[i], shape));
      CHECK(stored_bytes(found[i], shape) > 0);
    }
  }
}

TEST_CASE("rows of queries and keys are put apart") {
  const TemporaryFolder folder;
  write_file(folder / "m.gguf", dense_model(nothing, nothing).bytes());
  const GgufStore store(folder / "m.gguf");
  const Shape shape = gguf_model_config(store).shape;
  for (const FoundWeight& found : find_all(store)) {
    if (found.id.role != model::Role::query) continue;
    CHECK(values(store, found, shape) == std::vector<float>{0, 1, 2, 3, 8, 9, 10, 11, 4, 5, 6, 7, 12, 13, 14, 15});
  }
}

TEST_CASE("layers behind the model's are passed over where the metadata counts them") {
  const GgufStore store(golden("qwen3_next-00002-of-00004.gguf"));
  const PassedOver passed = passed_over(store, gguf_model_config(store).shape);
  CHECK(passed.prefix == "blk.4.");
  CHECK(passed.tensors == 2);
  CHECK(passed.bytes.count == 2 * 16 * 32 + 4 * 16);
  const GgufStore other(golden("mixtral.gguf"));
  CHECK(passed_over(other, gguf_model_config(other).shape).tensors == 0);
}

TEST_CASE("tensors that are missing, surplus or of another size or type are refused") {
  check_refused<FormatError>([](Tensors& t) { t.erase("blk.0.attn_q.weight"); }, nothing,
                             {"'blk.0.attn_q.weight'", "missing", "1 layers"});
  check_refused<FormatError>([](Tensors& t) { t.erase("output_norm.weight"); }, nothing, {"'output_norm.weight'"});
  check_refused<FormatError>(
      [](Tensors& t) {
        t["blk.0.ffn_up.weight"] = {8, 4};
      },
      nothing, {"'blk.0.ffn_up.weight'", "[4, 8]", "[8, 4]"});
  check_refused<FormatError>(
      [](Tensors& t) {
        t["blk.1.ffn_up.weight"] = {8, 4};
      },
      nothing, {"'blk.1.ffn_up.weight'", "no place", "1 layers"});
  check_refused<FormatError>([](Tensors& t) { t["blk.x.odd"] = {1}; }, nothing, {"'blk.x.odd'", "no place"});
  const auto typed = [](std::uint32_t type, std::uint64_t bytes) {
    return [=](GgufBytes& file) {
      file.floats("pad", {0}, {});
      file.tensor("output.weight", {64, 1}, type, 1U << 12U).data(std::string((1U << 12U) + bytes, '\0'));
    };
  };
  check_refused<Unsupported>(nothing, typed(40, 64), {"'output.weight'", "NVFP4", "F32, F16, BF16, Q4_0", "MXFP4"});
  check_refused<Unsupported>(nothing, typed(24, 64), {"'output.weight'", "I8"});
}
