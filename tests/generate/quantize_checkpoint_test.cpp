// What is quantized once loads with the bits that quantizing while loading gives.
#include "asterism/generate/quantize_checkpoint.hpp"

#include <algorithm>
#include <filesystem>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/checkpoint/bitsandbytes/file_layout.hpp"
#include "asterism/checkpoint/safetensors/dtype.hpp"
#include "asterism/checkpoint/safetensors/tensor_store.hpp"
#include "asterism/checkpoint/weight_finder.hpp"
#include "asterism/core/error.hpp"
#include "asterism/file/new_folder.hpp"
#include "asterism/file/path.hpp"
#include "asterism/json/json.hpp"
#include "asterism/machine/machine.hpp"
#include "asterism/quant/least_squares.hpp"

#include "checkpoint/edited_checkpoint.hpp"
#include "checkpoint/loaded_checkpoint.hpp"
#include "checkpoint/qwen3_next_checkpoint.hpp"
#include "generate/variants.hpp"

using namespace asterism;
using namespace asterism::checkpoint;
using asterism::test::check_error;
using asterism::test::Defaults;
using asterism::test::EditedCheckpoint;
using asterism::test::EmptyNetwork;
using asterism::test::golden_model;
using asterism::test::TemporaryFolder;

namespace {

struct PlainNf4 : Defaults {
  using Quantization = quant::Nf4<64, quant::PlainScales>;
  using Embedding = quant::Float16;
};
struct Chosen : Defaults {
  using Quantization = quant::Nf4<64, quant::DoubleQuantized, quant::LeastSquares>;
};
struct Half : Defaults {
  using Quantization = quant::BFloat16;
};

struct OtherHead : Defaults {
  using Head = quant::Float32;
};

ProgressSink silence;

/// Every byte of every weight after loading, padding included.
template <class B>
std::string slabs(const std::string& folder) {
  const EmptyNetwork<B> empty(read_model_config(folder).shape, equal_devices(1, 64_MiB));
  const checkpoint::TensorStore store(folder);
  load_weights(store, checkpoint::find_weights(store, empty.network.shape(), empty.network.has_own_head()),
               empty.devices, empty.network, silence);
  std::string out;
  model::for_each_weight(empty.network, [&](const model::WeightId&, const auto& weights) {
    if constexpr (requires { weights.view; }) {
      out.append(reinterpret_cast<const char*>(weights.view.data),
                 weights.view.rows * weights.view.cols * sizeof(float));
    } else {
      using Format = typename std::remove_cvref_t<decltype(weights)>::Format;
      out.append(reinterpret_cast<const char*>(weights.data),
                 Format::planes(weights.rows, weights.cols).bytes().count);
    }
  });
  return out;
}

template <class B>
void check_same_bits_of(const std::string& folder, Bytes max_shard = 2_GB) {
  CAPTURE(folder);
  CAPTURE(B::Quantization::name());
  const TemporaryFolder parent;
  quantize_checkpoint<B>(folder, parent / "out", silence, max_shard);
  CHECK(slabs<B>(parent / "out") == slabs<B>(folder));
  CHECK(read_model_config(parent / "out").shape == read_model_config(folder).shape);
  CHECK(file::folder_entries(parent.path()) == std::vector<std::string>{"out"});
}

template <class B>
void check_same_bits(const std::string& name, Bytes max_shard = 2_GB) {
  check_same_bits_of<B>(golden_model(name), max_shard);
}

/// Pieces of in_proj_qkvz of whole groups of 256 scales.
constexpr test::LinearSizes whole_groups{
    .key_heads = 2, .value_heads = 4, .key_width = 256, .value_width = 32, .hidden = 256};
/// Pieces of no whole blocks.
constexpr test::LinearSizes narrow{.key_heads = 2, .value_heads = 2, .key_width = 3, .value_width = 4};

}  // namespace

TEST_CASE("a quantized checkpoint loads with the same bits, whatever it was made from") {
  for (const char* name :
       {"demo", "one_kv_head", "many_experts", "fused", "odd_sizes", "bnb_experts", "bnb_fused"}) {
    check_same_bits<Defaults>(name);
  }
  check_same_bits<Defaults>("demo", Bytes{100'000});
  check_same_bits<Defaults>("many_experts", Bytes{1});  // a shard for each tensor
  for (const char* name : {"demo", "odd_sizes", "bnb_router4"}) check_same_bits<PlainNf4>(name);
  check_same_bits<PlainNf4>("demo", Bytes{50'000});
  check_same_bits<Chosen>("demo");
  check_same_bits<Chosen>("odd_sizes", Bytes{10'000});
  for (const char* name : {"demo", "bnb_experts"}) check_same_bits<Half>(name);
}

TEST_CASE("Qwen3-Next loads with the same bits") {
  for (const DType dtype : {DType::bf16, DType::f32}) {
    for (const test::LinearSizes& sizes : {test::LinearSizes{}, narrow, whole_groups}) {
      const TemporaryFolder folder;
      EditedCheckpoint checkpoint = test::qwen3_next_checkpoint(sizes, dtype);
      test::add_mtp(checkpoint);
      checkpoint.write(folder.path());
      check_same_bits_of<Defaults>(folder.path());
      check_same_bits_of<PlainNf4>(folder.path(), Bytes{10'000});
      check_same_bits_of<Chosen>(folder.path());
      check_same_bits_of<Half>(folder.path());
      const TemporaryFolder packed;  // from 4 bits to 4 bits, and to 16
      quantize_checkpoint<Defaults>(folder.path(), packed / "out", silence);
      check_same_bits_of<Defaults>(packed / "out");
      check_same_bits_of<Half>(packed / "out");
    }
  }
}

TEST_CASE("tensors of Qwen3-Next are written as the checkpoint has them") {
  const std::string linear = "model.layers.0.linear_attn.";
  const std::string qkvz = linear + "in_proj_qkvz.weight";
  const auto quantized = [](const test::LinearSizes& sizes) {
    const TemporaryFolder parent;
    EditedCheckpoint checkpoint = test::qwen3_next_checkpoint(sizes, DType::bf16);
    test::add_mtp(checkpoint);
    checkpoint.write(parent.path());
    quantize_checkpoint<Defaults>(parent.path(), parent / "out", silence);
    return EditedCheckpoint(parent / "out");
  };
  const EditedCheckpoint before = test::qwen3_next_checkpoint(whole_groups, DType::bf16);
  const EditedCheckpoint after = quantized(whole_groups);
  for (const std::string& name :
       {linear + "A_log", linear + "dt_bias", linear + "norm.weight", linear + "conv1d.weight",
        std::string("model.norm.weight"), std::string("model.layers.1.self_attn.q_norm.weight"),
        std::string("model.layers.0.mlp.shared_expert_gate.weight")}) {
    CAPTURE(name);
    CHECK(after.tensors.at(name).dtype == DType::f32);
    CHECK(after.tensors.at(name).shape == before.tensors.at(name).shape);
    CHECK(test::values_of(after, name) == test::values_of(before, name));
  }
  // One tensor, quantized as bitsandbytes would.
  using Format = Defaults::Quantization;
  const std::uint64_t rows = whole_groups.key_heads * whole_groups.group_rows();
  const std::vector<float> values = test::values_of(before, qkvz);
  std::vector<std::byte> slab(Format::planes(rows, whole_groups.hidden).bytes().count);
  const quant::FloatWeights weights{values};
  Format::encode(weights, rows, whole_groups.hidden, slab.data());
  const auto parts = FileLayout<Format>::declare(qkvz, rows, whole_groups.hidden);
  for (std::size_t part = 0; part < parts.size(); ++part) {
    CAPTURE(parts[part].name);
    CHECK(after.tensors.at(parts[part].name).bytes ==
          FileLayout<Format>::bytes(part, slab.data(), rows, whole_groups.hidden, "bfloat16"));
  }
  CHECK(after.tensors.at(linear + "in_proj_ba.weight").dtype == DType::u8);
  CHECK(after.tensors.at("model.layers.0.mlp.shared_expert.up_proj.weight").dtype == DType::u8);
  for (const auto& entry : after.tensors) CHECK_FALSE(entry.first.starts_with("mtp."));
  const auto skipped = [](const EditedCheckpoint& from) {
    return from.config["quantization_config"]["llm_int8_skip_modules"].dump();
  };
  CHECK_FALSE(test::contains(skipped(after), "qkvz"));

  const EditedCheckpoint wide = quantized(narrow);
  const EditedCheckpoint source = test::qwen3_next_checkpoint(narrow, DType::bf16);
  CHECK(wide.tensors.at(qkvz).dtype == DType::bf16);
  CHECK(wide.tensors.at(qkvz).bytes == source.tensors.at(qkvz).bytes);
  CHECK(test::contains(skipped(wide), "\"in_proj_qkvz\""));
}

TEST_CASE("4 bits that no network could take apart are not written again") {
  EditedCheckpoint checkpoint = test::qwen3_next_checkpoint(narrow, DType::f32);
  const std::string name = "model.layers.2.linear_attn.in_proj_qkvz.weight";
  test::quantize<Defaults::Quantization>(checkpoint, name);
  const TemporaryFolder parent;
  std::filesystem::create_directory(parent / "in");
  checkpoint.write(parent / "in");
  check_error<Unsupported>([&] { quantize_checkpoint<Defaults>(parent / "in", parent / "out", silence); },
                           {parent / "in", "'" + name + "'", "group of scales", "16 bits"});
}

TEST_CASE("other 4 bits are refused, or quantized again where that is allowed") {
  const TemporaryFolder parent;
  const std::string from = golden_model("bnb_experts");
  check_error<Unsupported>([&] { quantize_checkpoint<PlainNf4>(from, parent / "out", silence); },
                           {"double-quantized scales", "quantize_again"});
  quantize_checkpoint<PlainNf4>(from, parent / "out", silence, 2_GB, true);
  CHECK_FALSE(slabs<PlainNf4>(parent / "out").empty());  // stays as it is, else it would be refused
}

TEST_CASE("what is in 4 bits already is written as it was") {
  const TemporaryFolder parent;
  quantize_checkpoint<Defaults>(golden_model("bnb_experts"), parent / "out", silence);
  const EditedCheckpoint before(golden_model("bnb_experts"));
  const EditedCheckpoint after(parent / "out");
  CHECK(before.tensors.size() == after.tensors.size());
  std::size_t same = 0;
  for (const auto& entry : before.tensors) {
    const std::string& name = entry.first;
    const EditedCheckpoint::Tensor& tensor = entry.second;
    CAPTURE(name);
    REQUIRE(after.tensors.count(name) == 1);
    const EditedCheckpoint::Tensor& other = after.tensors.at(name);
    if (name.ends_with("nested_quant_map") || name.ends_with("nf4")) continue;  // written anew
    if (tensor.dtype == DType::bf16 && other.dtype == DType::f32) continue;     // norms and routers are widened
    CHECK(other.dtype == tensor.dtype);
    CHECK(other.shape == tensor.shape);
    CHECK(other.bytes == tensor.bytes);
    ++same;
  }
  CHECK(same > 100);
}

TEST_CASE("the folder holds what a checkpoint holds") {
  const TemporaryFolder parent;
  const std::string out = parent / "out";
  quantize_checkpoint<Defaults>(golden_model("demo"), out, silence);
  CHECK(file::folder_entries(out) == std::vector<std::string>{"config.json", "generation_config.json",
                                                              "model.safetensors", "special_tokens_map.json",
                                                              "tokenizer.json", "tokenizer_config.json"});
  CHECK(file::read_file(out + "/tokenizer.json", 1U << 20U) ==
        file::read_file(golden_model("demo") + "/tokenizer.json", 1U << 20U));
  const auto config = read_model_config(out);
  REQUIRE(config.quantization);
  const json::Value json = json::parse(file::read_file(out + "/config.json", 1U << 20U), "config.json");
  CHECK(json["quantization_config"]["bnb_4bit_use_double_quant"] == true);
  CHECK(json["quantization_config"]["bnb_4bit_quant_type"] == "nf4");
  CHECK(json["hidden_size"] == 128);
  CHECK(file::path_kind(out + "/README.md") == file::PathKind::missing);  // a card of another file
  const TensorStore store(out);
  CHECK(store.at("model.layers.0.self_attn.q_proj.weight").dtype == DType::u8);
  CHECK(store.at("lm_head.weight").dtype == DType::bf16);
  CHECK(store.at("model.norm.weight").dtype == DType::f32);

  quantize_checkpoint<Defaults>(golden_model("demo"), out, silence, Bytes{300'000});  // in shards, over the other
  CHECK(file::path_kind(out + "/model.safetensors") == file::PathKind::missing);
  CHECK(file::path_kind(out + "/model.safetensors.index.json") == file::PathKind::file);

  // From 4 bits to a format without them: config.json no longer says that there are any.
  quantize_checkpoint<Half>(out, parent / "wide", silence);
  CHECK(!read_model_config(parent / "wide").quantization);
}

TEST_CASE("a checkpoint may take its source's place") {
  const TemporaryFolder parent;
  test::copy_files(golden_model("demo"), parent / "model");
  quantize_checkpoint<Defaults>(parent / "model", parent / "model", silence);
  CHECK(slabs<Defaults>(parent / "model") == slabs<Defaults>(golden_model("demo")));
  CHECK(file::path_kind(parent / "model/README.md") == file::PathKind::file);  // the user's own files stay
}

TEST_CASE("progress counts bytes read and written; interrupted, nothing appears and what was there stays") {
  struct Notes : ProgressSink {
    std::uint64_t total = 0;
    std::uint64_t last = 0;
    std::uint64_t largest_step = 0;
    int ended = 0;
    std::uint64_t stop_at = ~std::uint64_t{0};
    void begin(std::string_view, std::uint64_t all, ProgressUnit) override { total = all; }
    void advance(std::uint64_t done, std::string_view) override {
      CHECK(done >= last);
      largest_step = std::max(largest_step, done - last);
      last = done;
      if (done >= stop_at) throw InvalidArgument("interrupted");
    }
    void end() override { ++ended; }
  };
  const TemporaryFolder parent;
  Notes notes;
  quantize_checkpoint<Defaults>(golden_model("demo"), parent / "out", notes);
  CHECK(notes.ended == 1);
  CHECK(notes.last == notes.total);
  std::uint64_t bytes = 0;
  const TensorStore store(parent / "out");
  for (const TensorInfo& tensor : store.tensors()) bytes += tensor.bytes;
  const TensorStore source(golden_model("demo"));
  std::uint64_t largest = 0;
  for (const TensorInfo& tensor : source.tensors()) {
    bytes += tensor.bytes;
    largest = std::max(largest, tensor.bytes);
  }
  CHECK(notes.total == bytes);
  CHECK(notes.largest_step == largest);  // quantizing is seen, weight by weight

  const std::string before = file::read_file(parent / "out/model.safetensors", 1U << 30U);
  for (const std::uint64_t stop_at : {std::uint64_t{0}, bytes / 2, bytes}) {
    for (const char* target : {"out", "fresh"}) {
      CAPTURE(stop_at);
      CAPTURE(target);
      Notes interrupted;
      interrupted.stop_at = stop_at;
      check_error<InvalidArgument>(
          [&] { quantize_checkpoint<PlainNf4>(golden_model("demo"), parent / target, interrupted, 200_KiB); },
          {"interrupted"});
      CHECK(interrupted.ended == 0);
      CHECK(file::folder_entries(parent.path()) == std::vector<std::string>{"out"});
      CHECK(file::read_file(parent / "out/model.safetensors", 1U << 30U) == before);
    }
  }
}

TEST_CASE("sources that can't be quantized are refused before anything is written") {
  const TemporaryFolder parent;
  const auto refuse = [&]<class B, class E>(B, E, const EditedCheckpoint& source,
                                            std::initializer_list<std::string_view> parts) {
    const TemporaryFolder folder;
    source.write(folder.path());
    check_error<E>([&] { quantize_checkpoint<B>(folder.path(), parent / "out", silence); }, parts);
    CHECK(file::folder_entries(parent.path()).empty());
  };
  const std::string name = "model.layers.1.self_attn.q_proj.weight";
  EditedCheckpoint missing(golden_model("plain"));
  missing.tensors.erase(name);
  refuse(Defaults{}, FormatError(""), missing, {"'" + name + "'", "missing"});
  EditedCheckpoint surplus(golden_model("plain"));
  surplus.tensors["more"] = surplus.tensors.at(name);
  refuse(Defaults{}, FormatError(""), surplus, {"'more'", "no place"});
  EditedCheckpoint nan(golden_model("plain"));
  nan.set(name, 100, std::numeric_limits<float>::quiet_NaN());
  refuse(Defaults{}, FormatError(""), nan, {"'" + name + "'", "100", "NaN"});
  refuse(PlainNf4{}, Unsupported(""), EditedCheckpoint(golden_model("bnb_experts")), {"double-quantized"});

  // A tied head in another format than the embedding would not load with the bits of the original.
  refuse(OtherHead{}, Unsupported(""), EditedCheckpoint(golden_model("one_kv_head")), {"bfloat16", "float32"});
}
