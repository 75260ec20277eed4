// Models whose matrices are in several formats: read from a file and kept as they are stored, or said by the Blueprint.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/core/progress.hpp"
#include "asterism/core/random.hpp"
#include "asterism/generate/load.hpp"
#include "asterism/generate/write_gguf.hpp"
#include "asterism/kernels.hpp"
#include "asterism/machine/catalogue.hpp"
#include "asterism/machine/machine.hpp"
#include "asterism/quant/gguf.hpp"
#include "asterism/shape/catalogue.hpp"

#include "checkpoint/edited_checkpoint.hpp"
#include "generate/variants.hpp"
#include "support/device_memory.hpp"
#include "support/files.hpp"

using namespace asterism;
using model::Role;
using test::Exact;

namespace {

using KBlocks = quant::OneOf<quant::Q4_K, quant::Q6_K, quant::Q8_0, quant::Q5_K>;

/// All in the formats of the file.
struct Stored : Exact {
  using Quantization = KBlocks;
  using Embedding = KBlocks;
  using Head = KBlocks;
};
struct StoredInIntegers : Stored {
  using Backend = backend::HostA8;
};
/// Lists what llama.cpp's Q4_K_M leaves out.
struct TooFew : Stored {
  using Quantization = quant::OneOf<quant::Q4_K, quant::Q8_0>;
};
/// Says itself what a Q4_K_M of four layers has.
struct Recipe : Stored {
  static constexpr model::Formats formats(const Shape& shape) {
    auto out = model::Formats::uniform(KBlocks::tag_of<quant::Q4_K>());
    const auto more = KBlocks::tag_of<quant::Q6_K>();
    out.set(Role::value, LayerSet::range(2, shape.layers), more);
    out.set(Role::down, LayerSet::range(2, shape.layers), more);
    out.embedding = KBlocks::tag_of<quant::Q4_K>();
    out.head = more;
    return out;
  }
};
/// Wants more bits where the file has fewer.
struct OtherRecipe : Recipe {
  static constexpr model::Formats formats(const Shape& shape) {
    model::Formats out = Recipe::formats(shape);
    LayerSet second;
    second.insert(1);
    out.set(Role::output, second, KBlocks::tag_of<quant::Q6_K>());
    return out;
  }
};
/// The recipe's policies but for formats: tags of a single format say nothing.
struct RecipeDecoded : Recipe {
  using Quantization = quant::Float32;
  using Embedding = quant::Float32;
  using Head = quant::Float32;
};
/// Each of sixteen layers in other bytes, of attention and of experts.
struct Sixteen : Stored {
  static constexpr model::Formats formats(const Shape& /*shape*/) {
    model::Formats out;
    std::int32_t layer = 0;
    for (quant::Tag gate = 0; gate < 4; ++gate) {
      for (quant::Tag up = 0; up <= gate; ++up) {
        for (quant::Tag down = 0; down <= up && layer < 16; ++down, ++layer) {
          const LayerSet one = LayerSet::range(layer, layer + 1);
          out.set(Role::gate, one, gate);
          out.set(Role::up, one, up);
          out.set(Role::down, one, down);
          out.set(Role::query, one, static_cast<quant::Tag>(layer % 4));
          out.set(Role::key, one, static_cast<quant::Tag>(layer / 4));
        }
      }
    }
    return out;
  }
};
struct Everything : Exact {
  using Quantization = quant::Gguf;
  using Embedding = quant::Gguf;
  using Head = quant::Gguf;
};
struct In8Bits : Exact {
  using Quantization = quant::Q8_0;
  using Embedding = quant::Q8_0;
  using Head = quant::Q8_0;
};

/// Weights of a small Mixtral whose rows are whole blocks of 256, on disk while this lives. Each token passes all
/// experts, so that no error sends it to others.
struct Checkpoint {
  explicit Checkpoint(std::int64_t experts, bool tied = false) : edited(checkpoint_config(experts, tied)) {
    Random random(5);
    const auto add = [&](const std::string& name, std::vector<std::uint64_t> shape) {
      std::uint64_t count = 1;
      for (const std::uint64_t size : shape) count *= size;
      std::string bytes(static_cast<std::size_t>(2 * count), '\0');
      for (std::uint64_t i = 0; i < count; ++i) {
        const auto value = static_cast<float>(random.normal()) * (shape.size() == 1 ? 0.1F : 0.06F);
        std::uint32_t bits = 0;
        const float shifted = shape.size() == 1 ? 1 + value : value;
        std::memcpy(&bits, &shifted, sizeof bits);
        const auto half = static_cast<std::uint16_t>(bits >> 16U);
        std::memcpy(bytes.data() + 2 * i, &half, sizeof half);
      }
      edited.tensors[name] = {checkpoint::DType::bf16, std::move(shape), std::move(bytes)};
    };
    add("model.embed_tokens.weight", {64, 256});
    for (int layer = 0; layer < 4; ++layer) {
      const std::string in = "model.layers." + std::to_string(layer) + ".";
      add(in + "input_layernorm.weight", {256});
      add(in + "post_attention_layernorm.weight", {256});
      add(in + "self_attn.q_proj.weight", {256, 256});
      add(in + "self_attn.k_proj.weight", {128, 256});
      add(in + "self_attn.v_proj.weight", {128, 256});
      add(in + "self_attn.o_proj.weight", {256, 256});
      add(in + "block_sparse_moe.gate.weight", {static_cast<std::uint64_t>(experts), 256});
      for (std::int64_t e = 0; e < experts; ++e) {
        const std::string expert = in + "block_sparse_moe.experts." + std::to_string(e) + ".";
        add(expert + "w1.weight", {256, 256});
        add(expert + "w2.weight", {256, 256});
        add(expert + "w3.weight", {256, 256});
      }
    }
    add("model.norm.weight", {256});
    if (!tied) add("lm_head.weight", {64, 256});
    edited.write(folder.path());
  }

  static json::Value checkpoint_config(std::int64_t experts, bool tied) {
    return json::parse(
        R"({"architectures": ["MixtralForCausalLM"], "model_type": "mixtral", "vocab_size": 64, "hidden_size": 256,
            "intermediate_size": 256, "num_hidden_layers": 4, "num_attention_heads": 4, "num_key_value_heads": 2,
            "max_position_embeddings": 128, "rms_norm_eps": 1e-5, "rope_theta": 1e4,
            "hidden_act": "silu", "num_local_experts": )" +
            std::to_string(experts) + R"(, "num_experts_per_tok": )" + std::to_string(experts) +
            R"(, "tie_word_embeddings": )" + (tied ? "true}" : "false}"),
        "config");
  }

  std::string as_gguf(const std::string& recipe) const {
    ProgressSink silence;
    std::string file = folder / (recipe + ".gguf");
    write_gguf(folder.path(), file, silence, {.tokenizer = false, .recipe = recipe});
    return file;
  }

  test::TemporaryFolder folder;
  test::EditedCheckpoint edited;
};

template <class B>
std::vector<float> logits_of(const LanguageModel<B>& model) {
  auto session = model.session();
  std::vector<TokenId> tokens;
  for (TokenId i = 0; i < 40; ++i) tokens.push_back((7 * i + 3) % 64);
  return session.logits(tokens);
}
template <class B>
std::vector<float> logits_of(const std::string& path, const LoadOptions& options = {}) {
  return logits_of(load<B>(path, options));
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

/// Matrices of a network that are not to the bit those of the same model in float32.
template <class Network, class ExactNetwork>
int changed_weights(const Network& network, const ExactNetwork& decoded) {
  int changed = 0;
  model::for_each_weight(network, [&](const model::WeightId& id, const auto& weights) {
    if constexpr (requires { weights.tag; }) {
      std::vector<float> found;
      weights.visit([&](const auto& one) { found = test::decoded(one); });
      model::visit_weight(decoded, id, [&](const auto& exact) {
        if constexpr (requires { exact.data; }) changed += found != test::decoded(exact) ? 1 : 0;
      });
    }
  });
  return changed;
}

}  // namespace

TEST_CASE("matrices of several formats stay as the file has them, planned before a weight is read") {
  const Checkpoint checkpoint(4);
  const std::string file = checkpoint.as_gguf("Q4_K_M");
  const LoadPlan planned = plan_load<Stored>(file, {.machine = equal_devices(1, 64_MiB)});
  CHECK(planned.formats == Recipe::formats(planned.config.shape));
  const auto model = load<Stored>(file, {.machine = equal_devices(1, 64_MiB)});
  CHECK(model.plan() == planned.plan);
  {
    const auto batch = model.batch();
    CHECK(model.devices()[0]->arena().high_water() == model.plan().peak(0));
  }
  const auto decoded = load<Exact>(file);
  CHECK(changed_weights(model.network(), decoded.network()) == 0);
  CHECK(largest_difference(logits_of(model), logits_of(decoded)) < 1e-5);
  CAPTURE(model.memory_report());
  CHECK(model.memory_report().find("kept as they are stored: 25 tensors of Q4_K, 5 tensors of Q6_K\n") !=
        std::string::npos);
}

TEST_CASE("layers whose matrices have other bytes are other runs") {
  const Checkpoint checkpoint(4);
  const LoadPlan planned = plan_load<Stored>(checkpoint.as_gguf("Q4_K_M"), {.machine = equal_devices(1, 64_MiB)});
  std::vector<placement::LayerRun> experts;
  for (const placement::LayerRun& run : planned.plan.footprint.runs) {
    if (run.kind == placement::PartKind::experts) experts.push_back(run);
  }
  REQUIRE(experts.size() == 2);
  const std::uint64_t four = 256 * 256 / 256 * 144;
  const std::uint64_t six = 256 * 256 / 256 * 210;
  std::sort(experts.begin(), experts.end(), [](const auto& a, const auto& b) { return a.each < b.each; });
  CHECK(experts[0].each == Bytes{3 * four});
  CHECK(experts[0].layers == LayerSet::range(0, 2));
  CHECK(experts[1].each == Bytes{2 * four + six});
  CHECK(experts[1].layers == LayerSet::range(2, 4));
  CHECK(planned.plan.footprint.code_bits == 4);
}

TEST_CASE("one list of all formats takes any file") {
  const Checkpoint eight(8);
  const std::string bytes = eight.as_gguf("Q8_0");
  CHECK(logits_of<Everything>(bytes) == logits_of<In8Bits>(bytes));
  for (const char* recipe : {"Q4_K_M", "Q2_K", "IQ4_XS"}) {
    CAPTURE(recipe);
    const std::string file = eight.as_gguf(recipe);
    const auto model = load<Everything>(file);
    const auto decoded = load<Exact>(file);
    CHECK(changed_weights(model.network(), decoded.network()) == 0);
    CHECK(largest_difference(logits_of(model), logits_of(decoded)) < 1e-5);
  }
  // Not quantized at all.
  CHECK(largest_difference(logits_of<Everything>(eight.folder.path()), logits_of<Exact>(eight.folder.path())) <
        1e-5);
}

TEST_CASE("activations in 8 bits: the orders that formats want of one input, on any threads") {
  const Checkpoint eight(8);  // queries in Q4_K, keys and values in Q8_0, the output in Q5_K
  const std::string file = eight.as_gguf("Q4_K_M");
  Limits alone = StoredInIntegers::limits;
  alone.threads = 1;
  const std::vector<float> found = logits_of<StoredInIntegers>(file);
  CHECK(found == logits_of<StoredInIntegers>(file, {.limits = alone}));
  const double difference = largest_difference(found, logits_of<Exact>(file));
  CHECK(difference > 0);
  CHECK(difference < 0.1);
}

TEST_CASE("a tied head is the embedding's matrix in its format") {
  const Checkpoint tied(4, true);
  const std::string file = tied.as_gguf("Q4_K_M");
  const auto model = load<Stored>(file, {.machine = equal_devices(1, 64_MiB)});
  CHECK(!model.network().has_own_head());
  CHECK(model.network().head().data == model.network().embedding().data);
  CHECK(KBlocks::name(model.network().head().tag) == "Q6_K");
  CHECK(largest_difference(logits_of(model), logits_of<Exact>(file)) < 1e-5);
}

TEST_CASE("what a Blueprint says of its formats is proved, quantized into, and demanded of a file") {
  const Checkpoint checkpoint(4);
  const std::string file = checkpoint.as_gguf("Q4_K_M");
  CHECK(logits_of<Recipe>(file) == logits_of<Stored>(file));
  // A checkpoint in 16 bits is quantized as it says: as the file was.
  CHECK(logits_of<Recipe>(checkpoint.folder.path()) == logits_of<Stored>(file));
  CHECK(load<Recipe>(checkpoint.folder.path())
            .memory_report()
            .find("in formats that the Blueprint says: 55 tensors of Q4_K, 11 tensors of Q6_K\n") !=
        std::string::npos);
  CHECK(load<Recipe>(file).memory_report().find("the Blueprint says") == std::string::npos);
  test::check_error<Unsupported>([&] { load<OtherRecipe>(file); },
                                 {"blk.1.attn_output.weight", "Q4_K", "asks for Q6_K"});
}

TEST_CASE("tags of a single format say nothing: a recipe that is not heeded does no harm") {
  const Checkpoint checkpoint(4);
  const std::string file = checkpoint.as_gguf("Q4_K_M");
  const auto model = load<RecipeDecoded>(file);
  CHECK(logits_of(model) == logits_of<Exact>(file));
  CHECK(model.memory_report().find("\n5 tensors of Q6_K decoded to float32\n") != std::string::npos);
}

TEST_CASE("formats beyond what a plan takes are refused by the file") {
  Checkpoint checkpoint(4);
  checkpoint.edited.config["num_hidden_layers"] = 16;
  const test::TemporaryFolder folder;
  checkpoint.edited.write(folder.path());
  test::check_error<Unsupported>([&] { plan_load<Sixteen>(folder.path()); },
                                 {folder.path().c_str(), "more than 32", "vary less"});
}

TEST_CASE("kinds of layers beyond what a model may have are refused by a tensor of the first beyond") {
  struct Store {
    View<const checkpoint::TensorInfo> tensors() const { return {}; }
    const checkpoint::TensorInfo* find(std::string_view /*name*/) const { return nullptr; }
    std::string describe(const checkpoint::TensorInfo& tensor) const {
      return "some.gguf: tensor '" + tensor.name + "'";
    }
    file::StoredBytes stored(const checkpoint::TensorInfo& /*tensor*/) const { return {}; }
    void read_floats(const checkpoint::TensorInfo& /*tensor*/, std::uint64_t /*first*/,
                     View<float> /*out*/) const {}
    void release(const checkpoint::TensorInfo& /*tensor*/) const {}
  };
  Shape shape = shapes::mixtral_8x7b;
  shape.layers = 18;
  const auto codecs =
      std::to_array({quant::Q4_K::codec(), quant::Q6_K::codec(), quant::Q8_0::codec(), quant::Q5_K::codec()});
  std::vector<checkpoint::TensorInfo> tensors(36);
  std::vector<checkpoint::FoundWeight> weights;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const auto layer = static_cast<std::int32_t>(i / 2);
    const bool is_key = i % 2 == 1;
    tensors[i].name = "blk." + std::to_string(layer) + (is_key ? ".k" : ".q");
    const std::size_t kind = static_cast<std::size_t>(layer) % 17;
    checkpoint::FoundWeight found{
        .id = {is_key ? Role::key : Role::query, layer}, .location = {}, .tensor = &tensors[i]};
    found.blocks = &codecs[is_key ? kind / 4 % 4 : kind % 4];
    weights.push_back(found);
  }
  const auto read = [&] {
    const Store store;
    return generate::stored_formats(store, weights, shape, generate::WantedFormats::of<Stored>());
  };
  CHECK(read().run_count == 15);  // of sixteen kinds, one is that of all others
  weights[32].id.role = Role::value;
  weights[33].id.role = Role::output;
  weights[33].blocks = weights[34].blocks = &codecs[3];
  weights[35].blocks = &codecs[2];
  weights[34].id.role = Role::up;
  test::check_error<Unsupported>(read, {"some.gguf: tensor 'blk.17.q'", "layer 17", "16 kinds"});
}

TEST_CASE("a file with a format that is not listed is refused before a weight is read, by its tensor") {
  const Checkpoint checkpoint(4);
  test::check_error<Unsupported>(
      [&] { plan_load<TooFew>(checkpoint.as_gguf("Q4_K_M")); },
      {"Q4_K_M.gguf", "blk.2.attn_v.weight", "stored as Q6_K", "Q4_K, Q8_0", "quant::Gguf"});
  test::check_error<Unsupported>(
      [&] { plan_load<Stored>(checkpoint.folder.path()); },
      {"model.embed_tokens.weight", "stored as BF16", "formats(shape)", "quantize_again does not"});
}

TEST_CASE("experts of one layer that are stored in unlike formats are refused by their tensors") {
  Checkpoint checkpoint(4);
  test::EditedCheckpoint::Tensor& one =
      checkpoint.edited.tensors.at("model.layers.1.block_sparse_moe.experts.2.w2.weight");
  one.dtype = checkpoint::DType::f32;
  one.bytes.assign(256 * 256 * 4, '\0');
  const test::TemporaryFolder folder;
  checkpoint.edited.write(folder.path());
  test::check_error<Unsupported>([&] { plan_load<Everything>(folder.path()); },
                                 {"experts.2.w2.weight", "F32", "experts.0.w2.weight", "BF16", "alike"});
}

namespace {
struct MixtralInKBlocks : Recipe {
  static constexpr Limits limits{.context = 4096, .batch = 1, .prefill_chunk = 128};
  static constexpr Shape shape = shapes::mixtral_8x7b;
};
static_assert(fits<MixtralInKBlocks, machines::dual_16gb, 16_GiB>());
}  // namespace

TEST_CASE("a plan without a word on formats is refused at run time, too") {
  test::check_error<Unsupported>([] { plan<Stored>(equal_devices(1, 64_GiB), shapes::mixtral_8x7b); },
                                 {"quant::OneOf", "plan_load", "formats(const Shape&)"});
}
