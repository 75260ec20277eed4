// Weights of Qwen3-Next: gathered from tensors that hold several, changed as they are read.
#include <cmath>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/checkpoint/load_weights.hpp"
#include "asterism/checkpoint/weight_finder.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/quant/group_int.hpp"
#include "asterism/quant/least_squares.hpp"

#include "checkpoint/loaded_checkpoint.hpp"
#include "checkpoint/qwen3_next_checkpoint.hpp"

using namespace asterism;
using namespace asterism::checkpoint;
using asterism::model::Role;
using asterism::model::WeightId;
using asterism::test::check_error;
using asterism::test::Defaults;
using asterism::test::EditedCheckpoint;
using asterism::test::Exact;
using asterism::test::LinearSizes;
using asterism::test::Loaded;
using asterism::test::qwen3_next_checkpoint;
using asterism::test::take_apart;
using asterism::test::TemporaryFolder;
using asterism::test::values_of;

namespace {

struct PlainNf4 : Defaults {
  using Quantization = quant::Nf4<64, quant::PlainScales>;
};
/// Scales are stored after the codes were chosen.
struct Chosen : Defaults {
  using Quantization = quant::Nf4<64, quant::DoubleQuantized, quant::SignedLeastSquares>;
};
struct Integers : Defaults {
  using Quantization = quant::Int8<32>;
};

const std::string linear = "model.layers.2.linear_attn.";
const std::string qkvz = linear + "in_proj_qkvz.weight";

/// Pieces of in_proj_qkvz of whole groups of 256 scales, for keys and values of unlike widths.
constexpr LinearSizes whole_groups{
    .key_heads = 2, .value_heads = 4, .key_width = 256, .value_width = 32, .hidden = 256};

/// The checkpoint in a folder of its own, after `edit`.
template <class B, class F>
void with_loaded(EditedCheckpoint checkpoint, F&& f) {
  const TemporaryFolder folder;
  checkpoint.write(folder.path());
  f(Loaded<B>(folder.path()));
}

template <class E, class B = Exact>
void refuses(const std::function<void(EditedCheckpoint&)>& edit, std::initializer_list<std::string_view> parts) {
  EditedCheckpoint checkpoint = qwen3_next_checkpoint({}, DType::f32);
  edit(checkpoint);
  const TemporaryFolder folder;
  checkpoint.write(folder.path());
  check_error<E>([&] { Loaded<B> loaded(folder.path()); }, parts);
  check_error<E>([&] { Loaded<B> loaded(folder.path()); }, {folder.path()});
}

/// A matrix as it is after it was encoded in Format and decoded.
template <class Format>
std::vector<float> rounded(const std::vector<float>& values, std::uint64_t cols) {
  const std::uint64_t rows = values.size() / cols;
  std::vector<std::byte> slab(Format::planes(rows, cols).bytes().count);
  const quant::FloatWeights weights{values};
  Format::encode(weights, rows, cols, slab.data());
  std::vector<float> out(values.size());
  Format::decode({slab.data(), rows, cols}, 0, out);
  return out;
}

}  // namespace

TEST_CASE("every weight of Qwen3-Next reaches its place") {
  for (const LinearSizes& sizes :
       {LinearSizes{}, LinearSizes{1, 2, 8, 6, 32}, LinearSizes{2, 2, 8, 16, 32}, LinearSizes{2, 6, 10, 4, 16},
        LinearSizes{3, 3, 4, 10, 32}}) {
    for (const DType dtype : {DType::f32, DType::bf16}) {
      const EditedCheckpoint from = qwen3_next_checkpoint(sizes, dtype);
      with_loaded<Exact>(from, [&](const Loaded<Exact>& loaded) {
        const auto check = [&](const WeightId& id, const std::string& name) {
          CAPTURE(name);
          CHECK(loaded.values(id) == values_of(from, name));
        };
        const auto changed = [&](const WeightId& id, const std::string& name, auto change) {
          CAPTURE(name);
          std::vector<float> expected = values_of(from, name);
          for (float& value : expected) value = change(value);
          CHECK(loaded.values(id) == expected);
        };
        const auto plus_one = [](float value) { return value + 1; };
        const auto parts = take_apart(values_of(from, qkvz), sizes);
        CHECK(loaded.values({Role::linear_qkv, 2}) == parts.first);
        CHECK(loaded.values({Role::linear_gate, 2}) == parts.second);
        check({Role::linear_beta_decay, 2}, linear + "in_proj_ba.weight");
        check({Role::linear_convolution, 2}, linear + "conv1d.weight");
        changed({Role::linear_decay_rate, 2}, linear + "A_log",
                [](float value) { return static_cast<float>(-std::exp(double{value})); });
        check({Role::linear_decay_bias, 2}, linear + "dt_bias");
        check({Role::linear_norm, 2}, linear + "norm.weight");
        check({Role::linear_output, 2}, linear + "out_proj.weight");
        changed({Role::attention_norm, 0}, "model.layers.0.input_layernorm.weight", plus_one);
        changed({Role::feed_forward_norm, 1}, "model.layers.1.post_attention_layernorm.weight", plus_one);
        changed({Role::final_norm}, "model.norm.weight", plus_one);
        changed({Role::query_norm, 1}, "model.layers.1.self_attn.q_norm.weight", plus_one);
        changed({Role::key_norm, 1}, "model.layers.1.self_attn.k_norm.weight", plus_one);
        check({Role::query, 1}, "model.layers.1.self_attn.q_proj.weight");
        check({Role::dense_up, 1}, "model.layers.1.mlp.up_proj.weight");
        check({Role::router, 0}, "model.layers.0.mlp.gate.weight");
        check({Role::down, 0, 2}, "model.layers.0.mlp.experts.2.down_proj.weight");
        check({Role::shared_router, 0}, "model.layers.0.mlp.shared_expert_gate.weight");
        check({Role::shared_gate, 2}, "model.layers.2.mlp.shared_expert.gate_proj.weight");
        check({Role::shared_up, 2}, "model.layers.2.mlp.shared_expert.up_proj.weight");
        check({Role::shared_down, 2}, "model.layers.2.mlp.shared_expert.down_proj.weight");
      });
    }
  }
}

TEST_CASE("what is encoded while it is loaded is gathered first") {
  const EditedCheckpoint from = qwen3_next_checkpoint({}, DType::bf16);
  const auto parts = take_apart(values_of(from, qkvz), {});
  with_loaded<Integers>(from, [&](const Loaded<Integers>& loaded) {
    CHECK(loaded.values({Role::linear_qkv, 2}) == rounded<Integers::Quantization>(parts.first, 32));
    CHECK(loaded.values({Role::linear_gate, 2}) == rounded<Integers::Quantization>(parts.second, 32));
  });
  // Rows of 32 elements: single rows of a key head's can't be taken out of blocks of 64, nor pieces out of groups.
  const LinearSizes narrow{.key_heads = 2, .value_heads = 2, .key_width = 3, .value_width = 4};
  const EditedCheckpoint other = qwen3_next_checkpoint(narrow, DType::bf16);
  const auto others = take_apart(values_of(other, qkvz), narrow);
  with_loaded<PlainNf4>(other, [&](const Loaded<PlainNf4>& loaded) {
    CHECK(loaded.values({Role::linear_qkv, 2}) == rounded<PlainNf4::Quantization>(others.first, 32));
  });
  with_loaded<Defaults>(other, [&](const Loaded<Defaults>& loaded) {
    CHECK(loaded.values({Role::linear_qkv, 2}) == rounded<Defaults::Quantization>(others.first, 32));
  });
}

TEST_CASE("4 bits are those of the whole tensor, whether the file has them or not") {
  const auto check = [&]<class B>(B, const LinearSizes& sizes) {
    const EditedCheckpoint from = qwen3_next_checkpoint(sizes, DType::f32);
    EditedCheckpoint packed = from;
    for (const char* layer : {"model.layers.0.", "model.layers.2."}) {
      for (const char* name : {"in_proj_qkvz", "in_proj_ba", "out_proj"}) {
        test::quantize<typename B::Quantization>(packed, concat(layer, "linear_attn.", name, ".weight"));
      }
    }
    const auto expected =
        take_apart(rounded<typename B::Quantization>(values_of(from, qkvz), sizes.hidden), sizes);
    for (const EditedCheckpoint& checkpoint : {from, packed}) {
      with_loaded<B>(checkpoint, [&](const Loaded<B>& loaded) {
        CHECK(loaded.values({Role::linear_qkv, 2}) == expected.first);
        CHECK(loaded.values({Role::linear_gate, 2}) == expected.second);
        CHECK(loaded.values({Role::linear_output, 0}) ==
              rounded<typename B::Quantization>(values_of(from, "model.layers.0.linear_attn.out_proj.weight"),
                                                sizes.value_heads * sizes.value_width));
      });
    }
    with_loaded<Exact>(packed, [&](const Loaded<Exact>& loaded) {  // decoded
      CHECK(loaded.values({Role::linear_qkv, 2}) == expected.first);
      CHECK(loaded.values({Role::linear_gate, 2}) == expected.second);
    });
  };
  check(PlainNf4{}, {});
  check(PlainNf4{}, {.key_heads = 3, .value_heads = 3, .key_width = 4, .value_width = 10});
  check(PlainNf4{}, {.key_heads = 1, .value_heads = 3, .key_width = 4, .value_width = 6});
  check(Defaults{}, whole_groups);
  check(Chosen{}, whole_groups);
}

TEST_CASE("4 bits that can't be taken apart are refused by name") {
  refuses<Unsupported, Defaults>([](EditedCheckpoint& c) { test::quantize<Defaults::Quantization>(c, qkvz); },
                                 {"model.safetensors", "'" + qkvz + "'", "gathered", "16384", "16 bits"});
  EditedCheckpoint checkpoint = qwen3_next_checkpoint({}, DType::f32);
  test::quantize<Defaults::Quantization>(checkpoint, qkvz);
  CHECK_NOTHROW(with_loaded<Exact>(checkpoint, [](const auto&) {}));  // decoding needs no whole groups
}

TEST_CASE("tensors of another block than the decoder's are passed over and counted") {
  EditedCheckpoint checkpoint = qwen3_next_checkpoint({}, DType::f32);
  test::add_mtp(checkpoint);
  const TemporaryFolder folder;
  checkpoint.write(folder.path());
  CHECK_NOTHROW(Loaded<Exact>(folder.path()));
  const TensorStore store(folder.path());
  const PassedOver passed = passed_over(store, Architecture::qwen3_next);
  CHECK(passed.prefix == "mtp.");
  CHECK(passed.tensors == 2);
  CHECK(passed.bytes == Bytes{28});
  CHECK(passed_over(store, Architecture::qwen3_moe).tensors == 0);
  refuses<FormatError>([](EditedCheckpoint& c) { c.tensors["mtp2.weight"] = c.tensors.at("model.norm.weight"); },
                       {"'mtp2.weight'", "has no place"});
}

TEST_CASE("what disagrees with config.json about linear attention names its field") {
  const auto types = [](std::initializer_list<const char*> all) {
    return [list = std::vector<std::string>(all.begin(), all.end())](EditedCheckpoint& c) {
      c.config["layer_types"] = list;
    };
  };
  refuses<FormatError>(types({"linear_attention", "linear_attention", "linear_attention"}),
                       {"'model.layers.1.linear_attn.in_proj_qkvz.weight'", "missing", "layer_types",
                        "full_attention_interval", "layer 1"});
  refuses<FormatError>(types({"full_attention", "full_attention", "linear_attention"}),
                       {"'model.layers.0.self_attn.q_proj.weight'", "missing", "layer_types"});
  refuses<FormatError>(
      [](EditedCheckpoint& c) {
        c.tensors["model.layers.0.self_attn.q_proj.weight"] = c.tensors.at("model.layers.1.self_attn.q_proj.weight");
      },
      {"'model.layers.0.self_attn.q_proj.weight'", "has no place", "layer 0 one of linear_attention"});
  const auto with = [](const char* field, int value) {
    return [=](EditedCheckpoint& checkpoint) { checkpoint.config[field] = value; };
  };
  refuses<FormatError>(with("linear_key_head_dim", 4), {"in_proj_qkvz.weight", "[80, 32]", "[64, 32]",
                                                        "linear_num_key_heads * linear_key_head_dim"});
  refuses<FormatError>(with("linear_conv_kernel_dim", 4),
                       {"conv1d.weight'", "[56, 1, 3]", "[56, 1, 4]", "linear_conv_kernel_dim is 4"});
  refuses<FormatError>(with("shared_expert_intermediate_size", 21), {"shared_expert_intermediate_size is 21"});
  refuses<FormatError>(
      [](EditedCheckpoint& c) { c.tensors.at(linear + "conv1d.weight").shape = {56, 3}; },
      {"conv1d.weight'", "[56, 3]", "[56, 1, 3]"});
  refuses<FormatError>([](EditedCheckpoint& c) { c.set(linear + "A_log", 3, 89.0F); },
                       {"'" + linear + "A_log'", "89", "element 3", "float32"});
  refuses<FormatError>([](EditedCheckpoint& c) { c.set(qkvz, 100, std::nanf("")); },
                       {"'" + qkvz + "'", "element 100", "NaN"});
}

TEST_CASE("a tensor with several weights is counted once") {
  struct Notes : ProgressSink {
    std::uint64_t total = 0;
    std::uint64_t done = 0;
    void begin(std::string_view, std::uint64_t all, ProgressUnit) override { total = all; }
    void advance(std::uint64_t now, std::string_view) override { done = now; }
  };
  const EditedCheckpoint checkpoint = qwen3_next_checkpoint({2, 6, 10, 4, 16}, DType::bf16);
  std::uint64_t bytes = 0;
  for (const auto& entry : checkpoint.tensors) bytes += entry.second.bytes.size();
  const TemporaryFolder folder;
  checkpoint.write(folder.path());
  Notes notes;
  const Loaded<Exact> loaded(folder.path(), notes);
  CHECK(notes.total == bytes);
  CHECK(notes.done == bytes);
}
