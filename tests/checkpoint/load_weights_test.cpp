// Weights reach their places, and every way in which a checkpoint can be wrong is named by file and tensor.
#include "asterism/checkpoint/load_weights.hpp"

#include <cmath>
#include <cstring>
#include <filesystem>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/checkpoint/bitsandbytes/file_layout.hpp"
#include "asterism/checkpoint/huggingface/model_config.hpp"
#include "asterism/checkpoint/safetensors/dtype.hpp"
#include "asterism/checkpoint/safetensors/tensor_store.hpp"
#include "asterism/checkpoint/weight_finder.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/json/json.hpp"
#include "asterism/kernels.hpp"
#include "asterism/machine/machine.hpp"
#include "asterism/quant/half_precision.hpp"

#include "checkpoint/edited_checkpoint.hpp"
#include "checkpoint/loaded_checkpoint.hpp"
#include "generate/variants.hpp"

using namespace asterism;
using namespace asterism::checkpoint;
using asterism::model::Role;
using asterism::model::WeightId;
using asterism::test::check_error;
using asterism::test::EditedCheckpoint;
using asterism::test::EmptyNetwork;
using asterism::test::golden_model;
using asterism::test::Loaded;
using asterism::test::quantize;
using asterism::test::TemporaryFolder;

namespace {

using test::Defaults;
using test::Exact;

struct PlainNf4 : Defaults {
  using Quantization = quant::Nf4<64, quant::PlainScales>;
  using Embedding = quant::Float16;
};

/// Elements [first, first + count) of a float32 tensor.
std::vector<float> floats(const EditedCheckpoint& from, const std::string& name, std::size_t first,
                          std::size_t count) {
  std::vector<float> out(count);
  const std::string& bytes = from.tensors.at(name).bytes;
  REQUIRE((first + count) * sizeof(float) <= bytes.size());
  std::memcpy(out.data(), bytes.data() + first * sizeof(float), count * sizeof(float));
  return out;
}

/// Loads the golden checkpoint `name` after `edit`; it must throw an E whose message has the file and all parts.
template <class E, class B = Exact>
void refuses(const std::string& name, const std::function<void(EditedCheckpoint&)>& edit,
             std::initializer_list<std::string_view> parts) {
  EditedCheckpoint checkpoint(golden_model(name));
  edit(checkpoint);
  const TemporaryFolder folder;
  checkpoint.write(folder.path());
  check_error<E>([&] { Loaded<B> loaded(folder.path()); }, parts);
  check_error<E>([&] { Loaded<B> loaded(folder.path()); }, {folder.path()});
}

const std::string query = "model.layers.1.self_attn.q_proj.weight";
constexpr std::uint16_t bf16_nan = 0x7FC0;
constexpr std::uint16_t bf16_infinity = 0xFF80;

}  // namespace

TEST_CASE("separate tensors reach their places") {
  const EditedCheckpoint from(golden_model("plain"));
  const Loaded<Exact> loaded(golden_model("plain"));
  const auto check = [&](const WeightId& id, const std::string& name) {
    CAPTURE(name);
    const std::size_t count = from.tensors.at(name).bytes.size() / sizeof(float);
    CHECK(loaded.values(id) == floats(from, name, 0, count));
  };
  check({Role::embedding}, "model.embed_tokens.weight");
  check({Role::attention_norm, 1}, "model.layers.1.input_layernorm.weight");
  check({Role::query, 1}, query);
  check({Role::key, 0}, "model.layers.0.self_attn.k_proj.weight");
  check({Role::value, 1}, "model.layers.1.self_attn.v_proj.weight");
  check({Role::output, 1}, "model.layers.1.self_attn.o_proj.weight");
  check({Role::feed_forward_norm, 1}, "model.layers.1.post_attention_layernorm.weight");
  check({Role::router, 1}, "model.layers.1.block_sparse_moe.gate.weight");
  check({Role::gate, 0, 3}, "model.layers.0.block_sparse_moe.experts.3.w1.weight");
  check({Role::up, 0, 3}, "model.layers.0.block_sparse_moe.experts.3.w3.weight");
  check({Role::down, 1, 2}, "model.layers.1.block_sparse_moe.experts.2.w2.weight");
  check({Role::final_norm}, "model.norm.weight");
  check({Role::head}, "lm_head.weight");
}

TEST_CASE("slices of fused tensors reach their places") {
  const EditedCheckpoint from(golden_model("fused"));
  const Loaded<Exact> loaded(golden_model("fused"));
  constexpr std::size_t matrix = 96 * 64;
  const std::string both = "model.layers.1.mlp.experts.gate_up_proj";
  CHECK(loaded.values({Role::gate, 1, 2}) == floats(from, both, 2 * 2 * matrix, matrix));
  CHECK(loaded.values({Role::up, 1, 2}) == floats(from, both, (2 * 2 + 1) * matrix, matrix));
  CHECK(loaded.values({Role::up, 1, 3}) == floats(from, both, 7 * matrix, matrix));
  CHECK(loaded.values({Role::down, 1, 3}) ==
        floats(from, "model.layers.1.mlp.experts.down_proj", 3 * matrix, matrix));
  CHECK(loaded.values({Role::router, 0}) == floats(from, "model.layers.0.mlp.gate.weight", 0, 4 * 64));
}

TEST_CASE("a tied head is the embedding's matrix, or its second copy") {
  const std::string folder = golden_model("one_kv_head");
  const EditedCheckpoint from(folder);
  const std::string name = "model.embed_tokens.weight";
  const auto expected = floats(from, name, 0, from.tensors.at(name).bytes.size() / sizeof(float));
  const Loaded<Exact> shared(folder);
  CHECK(shared.network.head().data == shared.network.embedding().data);
  CHECK(shared.values({Role::embedding}) == expected);

  struct OtherHead : Exact {
    using Head = quant::BFloat16;
  };
  const Loaded<OtherHead> own(folder);
  CHECK(own.network.has_own_head());
  CHECK(own.values({Role::embedding}) == expected);
  const std::vector<float> head = own.values({Role::head});
  REQUIRE(head.size() == expected.size());
  for (std::size_t i = 0; i < head.size(); ++i) {
    if (std::fabs(head[i] - expected[i]) > 0x1p-8F * std::fabs(expected[i])) FAIL("element ", i);
  }
}

TEST_CASE("4-bit weights are adopted byte for byte, or decoded into a wider format") {
  const EditedCheckpoint from(golden_model("bnb_experts"));
  const Loaded<Defaults> packed(golden_model("bnb_experts"));
  const Loaded<Exact> exact(golden_model("bnb_experts"));
  const auto rounded = [](std::vector<float> values) {  // to the dtype in the quant_state
    for (float& value : values) value = quant::float_from_bfloat16(quant::bfloat16_from_float(value));
    return values;
  };
  const std::string name = "model.layers.1.block_sparse_moe.experts.3.w2.weight";
  const auto& matrix = packed.network.blocks()[1].constellation().expert(3).down;
  const quant::Planes planes = Defaults::Quantization::planes(matrix.rows, matrix.cols);
  const auto plane = [&](const char* which) {
    const quant::Plane& one = *planes.find(which);
    return std::string(reinterpret_cast<const char*>(matrix.data) + one.offset, one.bytes);
  };
  CHECK(plane("codes") == from.tensors.at(name).bytes);
  CHECK(plane("absmax") == from.tensors.at(name + ".absmax").bytes);
  CHECK(plane("nested_absmax") == from.tensors.at(name + ".nested_absmax").bytes);
  for (const WeightId& id : {WeightId{Role::down, 1, 3}, WeightId{Role::query, 0}, WeightId{Role::gate, 0, 0}}) {
    CHECK(rounded(packed.values(id)) == exact.values(id));
  }
  const Loaded<Defaults> fused(golden_model("bnb_fused"));
  const Loaded<Exact> decoded(golden_model("bnb_fused"));
  for (const WeightId& id : {WeightId{Role::gate, 1, 2}, WeightId{Role::up, 1, 3}, WeightId{Role::down, 0, 1}}) {
    CHECK(rounded(fused.values(id)) == decoded.values(id));
  }
  const Loaded<PlainNf4> plain(golden_model("bnb_router4"));  // its router is in 4 bits as well, here in float32
  const Loaded<Exact> plain_decoded(golden_model("bnb_router4"));
  for (const WeightId& id : {WeightId{Role::down, 1, 5}, WeightId{Role::router, 1}, WeightId{Role::output, 0}}) {
    CHECK(rounded(plain.values(id)) == plain_decoded.values(id));
  }
}

TEST_CASE("padding between adopted planes is zero, as where they are encoded") {
  const std::string folder = golden_model("bnb_experts");
  EmptyNetwork<Defaults> empty(read_model_config(folder).shape, equal_devices(1, 64_MiB));
  model::for_each_weight(empty.network, [](const WeightId&, const auto& weights) {
    if constexpr (requires { weights.data; }) {
      using Format = typename std::remove_cvref_t<decltype(weights)>::Format;
      std::memset(weights.data, 0xAA, Format::planes(weights.rows, weights.cols).bytes().count);
    }
  });
  ProgressSink silence;
  const TensorStore store(folder);
  load_weights(store, find_weights(store, empty.network.shape(), empty.network.has_own_head()), empty.devices,
               empty.network, silence);
  model::for_each_weight(empty.network, [](const WeightId& id, const auto& weights) {
    if constexpr (requires { weights.data; }) {
      using Format = typename std::remove_cvref_t<decltype(weights)>::Format;
      const quant::Planes planes = Format::planes(weights.rows, weights.cols);
      for (int i = 0; i < planes.count; ++i) {
        const std::uint64_t end = i + 1 < planes.count ? planes[i + 1].offset : planes.bytes().count;
        for (std::uint64_t at = planes[i].offset + planes[i].bytes; at < end; ++at) {
          if (weights.data[at] != std::byte{0}) FAIL("role ", static_cast<int>(id.role), " byte ", at);
        }
      }
    }
  });
}

TEST_CASE("missing and surplus tensors") {
  for (const char* name : {"model.layers.1.self_attn.q_proj.weight", "lm_head.weight", "model.norm.weight",
                           "model.layers.0.block_sparse_moe.experts.2.w3.weight"}) {
    refuses<FormatError>("plain", [&](EditedCheckpoint& c) { c.tensors.erase(name); },
                         {concat("'", name, "'"), "missing"});
  }
  refuses<FormatError>(
      "plain",
      [](EditedCheckpoint& c) { c.tensors["model.layers.2.self_attn.q_proj.weight"] = c.tensors.at(query); },
      {"model.safetensors", "'model.layers.2.self_attn.q_proj.weight'", "has no place"});
  refuses<FormatError>("plain",
                       [](EditedCheckpoint& c) {
                         c.tensors["model.layers.0.self_attn.q_proj.bias"] = c.tensors.at("model.norm.weight");
                       },
                       {"'model.layers.0.self_attn.q_proj.bias'", "has no place"});
  refuses<FormatError>(
      "one_kv_head",
      [](EditedCheckpoint& c) { c.tensors["lm_head.weight"] = c.tensors.at("model.embed_tokens.weight"); },
      {"'lm_head.weight'", "has no place", "tie_word_embeddings"});
  refuses<FormatError>(  // experts in both layouts
      "fused",
      [](EditedCheckpoint& c) {
        c.tensors["model.layers.0.block_sparse_moe.experts.0.w1.weight"] = c.tensors.at(query);
      },
      {"'model.layers.0.block_sparse_moe.experts.0.w1.weight'", "has no place"});
  refuses<FormatError>("fused",
                       [](EditedCheckpoint& c) { c.tensors.erase("model.layers.1.mlp.experts.down_proj"); },
                       {"'model.layers.1.mlp.experts.down_proj'", "missing"});
}

TEST_CASE("tables of rotary frequencies are passed over") {
  EditedCheckpoint checkpoint(golden_model("plain"));
  checkpoint.tensors["model.layers.0.self_attn.rotary_emb.inv_freq"] = {DType::f32, {2}, std::string(8, '\0')};
  checkpoint.tensors["model.layers.1.self_attn.rotary_emb.inv_freq"] = {DType::i32, {2}, std::string(8, '\xFF')};
  const TemporaryFolder folder;
  checkpoint.write(folder.path());
  CHECK(Loaded<Exact>(folder.path()).values({Role::query, 1}) == floats(checkpoint, query, 0, 64 * 64));
}

TEST_CASE("wrong shapes and dtypes") {
  const auto reshape = [](const std::string& name, std::vector<std::uint64_t> shape) {
    return [=](EditedCheckpoint& c) { c.tensors.at(name).shape = shape; };
  };
  refuses<FormatError>("plain", reshape(query, {32, 128}), {"'" + query + "'", "[32, 128]", "[64, 64]"});
  refuses<FormatError>("plain", reshape(query, {64 * 64}), {"'" + query + "'", "[4096]", "[64, 64]"});
  refuses<FormatError>("plain", reshape("model.norm.weight", {1, 64}), {"'model.norm.weight'", "[1, 64]", "[64]"});
  refuses<FormatError>("plain", reshape("model.layers.0.block_sparse_moe.experts.1.w2.weight", {96, 64}),
                       {"experts.1.w2.weight'", "[96, 64]", "[64, 96]"});
  refuses<FormatError>("fused", reshape("model.layers.1.mlp.experts.gate_up_proj", {4, 64, 192}),
                       {"gate_up_proj'", "[4, 64, 192]", "[4, 192, 64]"});
  refuses<FormatError>(  // config.json says one expert more than there is
      "plain", [](EditedCheckpoint& c) { c.config["num_local_experts"] = 5; },
      {"'model.layers.0.block_sparse_moe.gate.weight'", "[4, 64]", "[5, 64]", "config.json"});
  refuses<FormatError>("plain", [](EditedCheckpoint& c) { c.config["num_hidden_layers"] = 3; },
                       {"'model.layers.2.input_layernorm.weight'", "missing"});
  refuses<FormatError>("plain", [](EditedCheckpoint& c) { c.config["num_hidden_layers"] = 1; },
                       {"'model.layers.1.", "no place"});
  for (const char* name : {"model.layers.1.self_attn.q_proj.weight", "model.norm.weight"}) {
    refuses<Unsupported>("plain", [&](EditedCheckpoint& c) { c.tensors.at(name).dtype = DType::i32; },
                         {"model.safetensors", concat("'", name, "'"), "I32", "F32, F16, BF16"});
  }
  refuses<Unsupported>(  // codes without their quant_state are no weights
      "plain",
      [](EditedCheckpoint& c) {
        c.tensors.at(query) = {DType::u8, {64, 64}, std::string(64 * 64, 'x')};
      },
      {"'" + query + "'", "U8"});
}

TEST_CASE("weights that are not finite") {
  const auto set = [](const std::string& name, std::size_t element, auto value) {
    return [=](EditedCheckpoint& c) { c.set(name, element, value); };
  };
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  refuses<FormatError>("plain", set(query, 777, nan), {"model.safetensors", "'" + query + "'", "777", "NaN"});
  refuses<FormatError>("plain", set(query, 0, -infinity), {"'" + query + "'", "infinit"});
  refuses<FormatError>("plain", set("model.norm.weight", 63, nan), {"'model.norm.weight'", "63", "NaN"});
  refuses<FormatError>("plain", set("model.layers.0.block_sparse_moe.gate.weight", 5, nan),
                       {"gate.weight'", "NaN"});
  refuses<FormatError>("bf16", set(query, 4095, bf16_nan), {"'" + query + "'", "4095", "NaN"});
  refuses<FormatError>("bf16", set("model.norm.weight", 1, bf16_infinity), {"'model.norm.weight'", "infinit"});
  refuses<FormatError, Defaults>("bf16", set(query, 100, bf16_nan), {"'" + query + "'", "100", "NaN"});
  refuses<FormatError, Defaults>("bf16", set(query, 100, bf16_infinity), {"'" + query + "'", "100", "infinit"});
  refuses<FormatError, Defaults>("bf16", set("model.embed_tokens.weight", 3, bf16_nan),
                                 {"'model.embed_tokens.weight'", "NaN"});
  // Finite, but beyond the format that the Blueprint asks for.
  refuses<FormatError, PlainNf4>("plain", set("model.embed_tokens.weight", 9, 1e6F),
                                 {"'model.embed_tokens.weight'", "element 9", "float16"});
  const std::string expert = "model.layers.1.block_sparse_moe.experts.0.w1.weight";
  refuses<FormatError, PlainNf4>("bnb_router4", set(expert + ".absmax", 101, nan),
                                 {"model.safetensors", "'" + expert + ".absmax'", "element 101", "NaN"});
  refuses<FormatError, Exact>("bnb_router4", set(expert + ".absmax", 0, infinity),
                              {"'" + expert + ".absmax'", "element 0"});
  refuses<FormatError, Defaults>("bnb_experts", set(expert + ".nested_absmax", 1, nan),
                                 {"'" + expert + ".nested_absmax'", "element 1", "NaN"});
}

TEST_CASE("a missing shard") {
  const TemporaryFolder folder;
  test::copy_files(golden_model("many_experts"), folder.path());
  std::filesystem::remove(folder / "model-00004-of-00006.safetensors");
  check_error<FileError>([&] { Loaded<Exact> loaded(folder.path()); },
                         {folder.path(), "model-00004-of-00006.safetensors", "missing"});
}

TEST_CASE("4 bits in another layout are refused with advice") {
  check_error<Unsupported>([] { Loaded<PlainNf4> loaded(golden_model("bnb_experts")); },
                           {"model.safetensors", "q_proj.weight'", "nf4 block 64 with double-quantized scales",
                            "nf4 block 64", "Blueprint", "load a 16-bit checkpoint"});
  check_error<Unsupported>([] { Loaded<Defaults> loaded(golden_model("bnb_router4")); },
                           {"q_proj.weight'", "plain scales", "double-quantized"});
  struct Wide : Defaults {
    using Quantization = quant::Nf4<128, quant::DoubleQuantized>;
  };
  check_error<Unsupported>([] { Loaded<Wide> loaded(golden_model("bnb_experts")); },
                           {"block 64", "nf4 block 128"});
}

TEST_CASE("a slice of a fused 4-bit tensor is cut out where its scales allow it") {
  EditedCheckpoint checkpoint(golden_model("fused"));
  for (const std::string layer : {"model.layers.0.", "model.layers.1."}) {
    for (const std::string matrix :
         {"mlp.experts.gate_up_proj", "mlp.experts.down_proj", "self_attn.q_proj.weight",
          "self_attn.k_proj.weight", "self_attn.v_proj.weight", "self_attn.o_proj.weight"}) {
      quantize<PlainNf4::Quantization>(checkpoint, layer + matrix);
    }
  }
  const TemporaryFolder folder;
  checkpoint.write(folder.path());
  const Loaded<PlainNf4> adopted(folder.path());  // 6144 elements a slice: whole blocks of 64
  const Loaded<PlainNf4> encoded(golden_model("fused"));
  for (std::int32_t expert = 0; expert < 4; ++expert) {
    for (const Role role : {Role::gate, Role::up, Role::down}) {
      CHECK(adopted.values({role, 1, expert}) == encoded.values({role, 1, expert}));
    }
  }
  refuses<Unsupported, Defaults>(  // no whole groups of 256 scales
      "fused",
      [](EditedCheckpoint& c) { quantize<Defaults::Quantization>(c, "model.layers.1.mlp.experts.gate_up_proj"); },
      {"model.safetensors", "gate_up_proj'", "6144", "16384", "separate tensors"});
  EditedCheckpoint nested(golden_model("fused"));
  quantize<Defaults::Quantization>(nested, "model.layers.1.mlp.experts.gate_up_proj");
  const TemporaryFolder other;
  nested.write(other.path());
  CHECK_NOTHROW(Loaded<Exact>(other.path()));  // decoding needs no whole groups
}

TEST_CASE("a norm in 4 bits is refused by name") {
  refuses<FormatError>("plain",
                       [](EditedCheckpoint& c) {
                         c.tensors.at("model.norm.weight").shape = {1, 64};
                         quantize<PlainNf4::Quantization>(c, "model.norm.weight");
                       },
                       {"model.safetensors", "'model.norm.weight'", "[1, 64]", "[64]"});
  refuses<FormatError>("plain",
                       [](EditedCheckpoint& c) { quantize<PlainNf4::Quantization>(c, "model.norm.weight"); },
                       {"model.safetensors", "'model.norm.weight", "shape"});
}

TEST_CASE("progress counts bytes up to its total exactly, and an exception from the sink cancels") {
  struct Notes : ProgressSink {
    std::uint64_t total = 0;
    std::uint64_t done = 0;
    int begun = 0;
    int ended = 0;
    std::size_t items = 0;
    void begin(std::string_view, std::uint64_t all, ProgressUnit) override {
      ++begun;
      total = all;
    }
    void advance(std::uint64_t now, std::string_view item) override {
      CHECK(now >= done);
      CHECK(now <= total);
      CHECK(!item.empty());
      CHECK(ended == 0);
      done = now;
      ++items;
    }
    void end() override {
      CHECK(done == total);
      ++ended;
    }
  };
  for (const std::string name : {"plain", "fused", "one_kv_head", "many_experts"}) {
    CAPTURE(name);
    Notes notes;
    const Loaded<Exact> loaded(golden_model(name), notes);
    std::uint64_t bytes = 0;
    for (const auto& [tensor, content] : EditedCheckpoint(golden_model(name)).tensors)
      bytes += content.bytes.size();
    CHECK(notes.begun == 1);
    CHECK(notes.ended == 1);
    CHECK(notes.total == bytes);
    std::size_t weights = 0;
    model::for_each_weight(loaded.network, [&](const WeightId&, const auto&) { ++weights; });
    CHECK(notes.items == weights);
  }
  Notes notes;
  const Loaded<Defaults> packed(golden_model("bnb_fused"), notes);
  CHECK(notes.ended == 1);

  struct Stop : ProgressSink {
    int calls = 0;
    void advance(std::uint64_t, std::string_view) override {
      if (++calls == 5) throw InvalidArgument("stopped by the user");
    }
    void end() override { FAIL("a cancelled task does not end"); }
  };
  Stop stop;
  check_error<InvalidArgument>([&] { Loaded<Exact> loaded(golden_model("plain"), stop); },
                               {"stopped by the user"});
  CHECK(stop.calls == 5);
}

TEST_CASE("a file that is truncated while a checkpoint is loaded is an error that names it") {
  const TemporaryFolder folder;
  for (const std::string_view golden : {"plain", "bnb_experts"}) {
    CAPTURE(golden);
    test::copy_files(golden_model(golden), folder / golden);
    const std::string path = folder / (std::string(golden) + "/model.safetensors");
    const auto load = [&]<class B>(B) {
      EmptyNetwork<B> empty(read_model_config(folder / golden).shape, equal_devices(1, 64_MiB));
      const TensorStore store(folder / golden);
      const auto weights = find_weights(store, empty.network.shape(), empty.network.has_own_head());
      std::filesystem::resize_file(path, std::filesystem::file_size(path) - 1000);
      ProgressSink silence;
      load_weights(store, weights, empty.devices, empty.network, silence);
    };
    check_error<FileError>([&] { load(Exact{}); }, {path, "truncated"});
    std::filesystem::remove_all(folder / golden);
    test::copy_files(golden_model(golden), folder / golden);
    check_error<FileError>([&] { load(Defaults{}); }, {path, "truncated"});
  }
}

TEST_CASE("what disagrees with config.json names its field") {
  const auto with = [](const char* field, int value) {
    return [=](EditedCheckpoint& checkpoint) { checkpoint.config[field] = value; };
  };
  const int layers = EditedCheckpoint(golden_model("plain")).config["num_hidden_layers"];
  refuses<FormatError>("plain", with("num_hidden_layers", layers + 1),
                       {"missing", "config.json", concat("num_hidden_layers is ", layers + 1)});
  refuses<FormatError>("plain", with("num_hidden_layers", layers - 1),
                       {"has no place", "config.json", concat("num_hidden_layers is ", layers - 1)});
  const int experts = EditedCheckpoint(golden_model("plain")).config["num_local_experts"];
  refuses<FormatError>("plain", with("num_local_experts", experts + 1),
                       {"config.json", concat("num_local_experts is ", experts + 1)});
  refuses<FormatError>("plain", with("intermediate_size", 34),
                       {"has the shape", "by config.json: intermediate_size is 34", "default"});
  refuses<FormatError>("plain", with("vocab_size", 4321), {"by config.json: vocab_size is 4321 there"});
}
