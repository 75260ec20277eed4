#include "asterism/checkpoint/gguf/gguf_config.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/checkpoint/gguf/gguf_store.hpp"
#include "asterism/checkpoint/huggingface/model_config.hpp"
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

/// A folder of the golden files, and the GGUF file made of it.
struct Pair {
  std::string folder;
  std::string file;
};

std::string golden(const std::string& name) { return std::string(ASTERISM_GOLDEN_DIR) + "/gguf/" + name; }

/// The keys of a small Mixtral, of which some are changed, and its embedding.
struct Keys {
  std::string architecture = "llama";
  std::string prefix = "llama";
  std::uint32_t layers = 2;
  std::uint32_t heads = 4;
  std::uint32_t experts = 3;
  std::string without{};  ///< a key that is left out
  std::function<void(GgufBytes&)> more = [](GgufBytes&) {};

  std::string bytes() const {
    GgufBytes out;
    out.text("general.architecture", architecture);
    const auto u32 = [&](const std::string& key, std::uint32_t value) {
      if (key != without) out.u32(prefix + "." + key, value);
    };
    u32("block_count", layers);
    u32("context_length", 64);
    u32("embedding_length", 16);
    u32("feed_forward_length", 24);
    u32("attention.head_count", heads);
    u32("attention.head_count_kv", 2);
    u32("expert_count", experts);
    u32("expert_used_count", 2);
    if (without != "attention.layer_norm_rms_epsilon")
      out.f32(prefix + ".attention.layer_norm_rms_epsilon", 1e-5F);
    more(out);
    if (without != "token_embd") out.floats("token_embd.weight", {16, 5}, std::vector<float>(80, 1));
    return out.bytes();
  }
};

ModelConfig config_of(const Keys& keys) {
  const TemporaryFolder folder;
  write_file(folder / "m.gguf", keys.bytes());
  return gguf_model_config(GgufStore(folder / "m.gguf"));
}

template <class E>
void check_refused(const Keys& keys, std::initializer_list<std::string_view> parts) {
  check_error<E>([&] { config_of(keys); }, {"m.gguf"});
  check_error<E>([&] { config_of(keys); }, parts);
}

Keys with(std::function<void(GgufBytes&)> more) { return {.more = std::move(more)}; }

}  // namespace

TEST_CASE("metadata gives the shapes and token ids that config.json gives") {
  const Pair pairs[] = {{"mixtral", "mixtral.gguf"},
                        {"llama", "llama.gguf"},
                        {"mistral_window", "mistral_window.gguf"},
                        {"qwen3_moe", "qwen3_moe.gguf"},
                        {"qwen3_next", "qwen3_next-00001-of-00004.gguf"},
                        {"qwen3_next_old", "qwen3_next_old.gguf"}};
  for (const Pair& pair : pairs) {
    CAPTURE(pair.file);
    const ModelConfig expected = read_model_config(golden(pair.folder));
    const ModelConfig found = gguf_model_config(GgufStore(golden(pair.file)));
    CHECK(found.shape == expected.shape);
    CHECK(found.eos == expected.eos);
    CHECK(found.bos == expected.bos);
    CHECK(found.assumed.empty());
    CHECK_FALSE(found.quantization);
  }
}

TEST_CASE("what is absent follows from other keys") {
  const Shape shape = config_of({}).shape;
  CHECK(shape.architecture == Architecture::mixtral);
  CHECK(shape.vocabulary == 5);
  CHECK(shape.head_dim == 4);
  CHECK(shape.rotary_dim == 0);
  CHECK(shape.rope_theta == 1e4);
  CHECK(shape.rms_epsilon == 1e-5);  // not the double of 1e-5F
  CHECK(shape.tied_head);
  CHECK(shape.normalised_top_k);
  CHECK(shape.sliding_window == 0);
  CHECK(config_of({.experts = 0}).shape.architecture == Architecture::llama);
  CHECK(config_of({.without = "attention.head_count_kv"}).shape.kv_heads == 4);
  CHECK(config_of(with([](GgufBytes& f) {
          f.array("llama.expert_feed_forward_length", 5, std::vector<int>{8, 8});
        })).shape.ffn == 8);
  CHECK_FALSE(config_of({}).bos);
  CHECK(config_of({}).eos.empty());
}

TEST_CASE("other architectures and keys that change the arithmetic are refused") {
  check_refused<Unsupported>({.architecture = "gemma3", .prefix = "gemma3"},
                             {"'gemma3'", "'llama'", "'qwen3moe'", "'qwen3next'"});
  check_refused<Unsupported>(with([](GgufBytes& f) { f.f32("llama.attention.scale", 2); }),
                             {"'llama.attention.scale'", "is not known", "rope.freq_base"});
  check_refused<Unsupported>(with([](GgufBytes& f) { f.text("llama.rope.scaling.type", "yarn"); }),
                             {"'llama.rope.scaling.type'", "'yarn'", "'none'"});
  check_refused<Unsupported>(with([](GgufBytes& f) { f.u32("llama.expert_gating_func", 2); }),
                             {"expert_gating_func", "is 2", "supported is 1"});
  check_refused<Unsupported>(with([](GgufBytes& f) { f.boolean("llama.attention.causal", false); }), {"causal"});
  check_refused<Unsupported>(with([](GgufBytes& f) { f.u32("llama.rope.dimension_count", 2); }),
                             {"rope.dimension_count", "is 2", "4"});
  check_refused<Unsupported>(with([](GgufBytes& f) { f.u32("llama.attention.value_length", 8); }),
                             {"value_length", "is 8"});
  check_refused<Unsupported>(with([](GgufBytes& f) {
                               f.array("llama.expert_feed_forward_length", 5, std::vector<int>{8, 9});
                             }),
                             {"expert_feed_forward_length", "8", "9", "one size"});
  check_refused<Unsupported>({.layers = 600}, {"num_hidden_layers", "600"});
  CHECK_NOTHROW(config_of(with([](GgufBytes& f) {
    f.text("llama.rope.scaling.type", "none");
    f.u32("llama.expert_gating_func", 1);
    f.f32("llama.expert_weights_scale", 1);
    f.boolean("llama.attention.causal", true);
    f.text("general.some", "thing");
  })));
}

TEST_CASE("missing and contradicting keys are refused by name") {
  for (const std::string key : {"block_count", "context_length", "embedding_length", "feed_forward_length",
                                "attention.head_count", "expert_used_count", "attention.layer_norm_rms_epsilon"}) {
    CAPTURE(key);
    check_refused<FormatError>({.without = key}, {"'llama." + key + "'", "is missing"});
  }
  check_refused<FormatError>({.without = "token_embd"}, {"'token_embd.weight'", "missing"});
  check_refused<FormatError>(with([](GgufBytes& f) { f.u32("llama.vocab_size", 6); }),
                             {"vocab_size", "is 6", "5 rows"});
  check_refused<FormatError>(with([](GgufBytes& f) { f.u32("llama.nextn_predict_layers", 2); }),
                             {"nextn_predict_layers", "is 2", "block_count 2"});
  check_refused<FormatError>({.heads = 0}, {"num_attention_heads"});
  check_refused<FormatError>({.heads = 3}, {"num_attention_heads"});
  check_refused<FormatError>({.experts = 1}, {"num_experts_per_tok"});
  check_refused<FormatError>({.experts = 1U << 20U}, {"num_local_experts"});
  check_refused<FormatError>({.architecture = "qwen3moe", .prefix = "qwen3moe", .experts = 0}, {"expert_count"});
  check_refused<FormatError>(with([](GgufBytes& f) { f.u32("tokenizer.ggml.bos_token_id", 5); }),
                             {"bos_token_id"});
  check_refused<FormatError>(with([](GgufBytes& f) { f.text("llama.rope.freq_base", "x"); }),
                             {"rope.freq_base", "string"});
  check_error<FormatError>(
      [] {
        const TemporaryFolder folder;
        write_file(folder / "m.gguf", GgufBytes().bytes());
        gguf_model_config(GgufStore(folder / "m.gguf"));
      },
      {"general.architecture", "missing"});
}

TEST_CASE("linear attention of Qwen3-Next") {
  const auto next = [](std::function<void(GgufBytes&)> more) {
    return Keys{.architecture = "qwen3next", .prefix = "qwen3next", .layers = 4, .more = [=](GgufBytes& f) {
                  f.u32("qwen3next.expert_shared_feed_forward_length", 8).u32("qwen3next.ssm.conv_kernel", 4);
                  f.u32("qwen3next.ssm.state_size", 4).u32("qwen3next.ssm.group_count", 2);
                  more(f);
                }};
  };
  const auto sized = [](GgufBytes& f) {
    f.u32("qwen3next.ssm.time_step_rank", 4).u32("qwen3next.ssm.inner_size", 12);
  };
  const Shape shape = config_of(next(sized)).shape;
  CHECK(shape.linear_layers.size() == 3);  // every fourth attends
  CHECK(shape.delta_net.value_width == 3);
  CHECK(shape.attention_gate);
  check_refused<FormatError>(
      next([](GgufBytes& f) { f.u32("qwen3next.ssm.time_step_rank", 5).u32("qwen3next.ssm.inner_size", 12); }),
      {"ssm.inner_size", "is 12", "5"});
  check_refused<FormatError>(next([&](GgufBytes& f) {
                               sized(f);
                               f.u32("qwen3next.full_attention_interval", 0);
                             }),
                             {"full_attention_interval"});
  check_refused<FormatError>(next([&](GgufBytes& f) {
                               sized(f);
                               f.array("qwen3next.attention.recurrent_layers", 7, std::vector<std::uint8_t>{1, 0});
                             }),
                             {"recurrent_layers", "2 items", "4"});
  check_refused<FormatError>(next([&](GgufBytes& f) {
                               sized(f);
                               f.u32("qwen3next.rope.dimension_count", 3);
                             }),
                             {"rope.dimension_count", "is 3", "even"});
}
