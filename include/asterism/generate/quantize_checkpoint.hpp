// Quantize once: a checkpoint in the formats of a Blueprint, written in bitsandbytes' layout.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "asterism/backend/operand.hpp"
#include "asterism/checkpoint/bitsandbytes/file_layout.hpp"
#include "asterism/checkpoint/checkpoint_writer.hpp"
#include "asterism/checkpoint/huggingface/model_config.hpp"
#include "asterism/checkpoint/huggingface/weight_location.hpp"
#include "asterism/checkpoint/load_weights.hpp"
#include "asterism/checkpoint/safetensors/dtype.hpp"
#include "asterism/checkpoint/safetensors/tensor_store.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/config.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/progress.hpp"
#include "asterism/generate/load_options.hpp"
#include "asterism/model/weights.hpp"
#include "asterism/quant/bfloat16.hpp"
#include "asterism/quant/float16.hpp"
#include "asterism/quant/float32.hpp"
#include "asterism/quant/one_of.hpp"

namespace asterism {

namespace generate {

/// Encodes single tensors of a checkpoint in the formats that B says; norms, routers and what is exact in Float32. Rows
/// and values stay as the checkpoint has them.
template <class B>
class WeightEncoder {
 public:
  /// `quantize_again` as LoadOptions has it.
  WeightEncoder(const checkpoint::TensorStore& store, const Shape& shape, std::string dtype, bool quantize_again)
      : store_(&store),
        shape_(shape),
        finder_(store, shape),
        dtype_(std::move(dtype)),
        quantize_again_(quantize_again) {}

  struct Weight {
    model::WeightId id;
    checkpoint::FoundWeight found;
    std::vector<checkpoint::TensorDeclaration> parts;
    std::vector<std::byte> slab;  ///< the encoded matrix while some of its parts are still to be written
    std::size_t parts_left = 0;
  };

  Weight declare(const model::WeightId& id) {
    Weight weight{.id = id, .found = finder_.find(id), .parts = {}, .slab = {}, .parts_left = 0};
    if (weight.found.four_bit != nullptr && is_cut(id)) {
      throw Unsupported(
          concat(store_->describe(*weight.found.tensor),
                 ": its rows can't be gathered from 4 bits without cutting a group of scales; quantize ",
                 "a checkpoint that has it in 16 bits"));
    }
    weight.found.location = checkpoint::as_stored(std::move(weight.found.location));
    weight.found.quantize_again = quantize_again_;
    const checkpoint::WeightLocation location = locate(id);
    with_format(weight, [&]<class Format>(Format) {
      const auto [rows, cols] = sizes(id);
      weight.parts = checkpoint::FileLayout<Format>::declare(location.name, rows, cols);
      if (info_of(id).is_plain()) weight.parts[0].shape = location.shape;
    });
    weight.parts_left = weight.parts.size();
    return weight;
  }

  void check_all_used() { finder_.check_all_used(); }

  /// Bytes of the checkpoint that `encode` reads.
  std::uint64_t source_bytes(const Weight& weight) const {
    const auto [rows, cols] = sizes(weight.id);
    if (weight.found.four_bit != nullptr) return (rows * cols + 1) / 2;
    return rows * cols * checkpoint::dtype_size(weight.found.tensor->dtype);
  }

  /// Encodes the weight before its first part is asked for.
  void encode(Weight& weight) const {
    with_format(weight, [&]<class Format>(Format) {
      const auto [rows, cols] = sizes(weight.id);
      weight.slab.resize(static_cast<std::size_t>(Format::planes(rows, cols).bytes().count));
      const backend::DeviceWeights<Format> target{weight.slab.data(), rows, cols, 0};
      checkpoint::load_weight(*store_, weight.found, target);
      checkpoint::release(*store_, weight.found);
    });
  }

  /// The bytes of one part; forgets the weight after its last.
  std::string bytes(Weight& weight, std::size_t part) const {
    std::string out;
    with_format(weight, [&]<class Format>(Format) {
      const auto [rows, cols] = sizes(weight.id);
      out = checkpoint::FileLayout<Format>::bytes(part, weight.slab.data(), rows, cols, dtype_);
    });
    if (--weight.parts_left == 0) std::vector<std::byte>().swap(weight.slab);
    return out;
  }

  /// Whether 4 bits of B would have to be cut inside a group of scales when they are loaded.
  bool is_cut(const model::WeightId& id) const {
    using Layout = checkpoint::detail::FourBitFormat<typename B::Quantization>;
    if constexpr (Layout::is_four_bit) {
      const checkpoint::WeightLocation location = locate(id);
      const auto [rows, cols] = in_network(id);
      return !location.rows.in_order() &&
             !checkpoint::detail::keeps_groups(location, rows * cols, Layout::block, Layout::nested);
    } else {
      return false;
    }
  }

  /// The last name in the path of a weight's module.
  std::string module_of(const model::WeightId& id) const {
    const std::string name = locate(id).name;
    const std::string module = name.substr(0, name.rfind('.'));
    return module.substr(module.rfind('.') + 1);
  }

 private:
  const model::WeightInfo& info_of(const model::WeightId& id) const {
    return model::info_of(shape_.architecture, id.role);
  }

  /// Where the written checkpoint has it.
  checkpoint::WeightLocation locate(const model::WeightId& id) const {
    return checkpoint::locate(id, shape_, checkpoint::ExpertLayout::separate);
  }

  /// Rows and columns of the tensor that is written.
  std::pair<std::uint64_t, std::uint64_t> sizes(const model::WeightId& id) const {
    const auto [rows, cols] = in_network(id);
    const checkpoint::RowGather gather = locate(id).rows;
    return {gather.in_order() ? rows : gather.groups * gather.group_rows, cols};
  }

  std::pair<std::uint64_t, std::uint64_t> in_network(const model::WeightId& id) const {
    return {model::size_of(info_of(id).rows, shape_), model::size_of(info_of(id).cols, shape_)};
  }

  template <class F>
  void with_format(const Weight& weight, F&& f) const {
    const model::WeightInfo& info = info_of(weight.id);
    if (info.is_plain()) return f(quant::Float32{});
    switch (info.part) {
      case placement::PartKind::attention:
      case placement::PartKind::linear_attention:
      case placement::PartKind::experts:
      case placement::PartKind::shared_expert:
      case placement::PartKind::feed_forward:
        if (is_cut(weight.id)) return with_format_of(*weight.found.tensor, f);
        return f(typename B::Quantization{});
      case placement::PartKind::embedding:
        return f(typename B::Embedding{});
      case placement::PartKind::head:
        return f(typename B::Head{});
      default:
        f(quant::Float32{});
    }
  }

  /// The format that a tensor of 16 or 32 bits has.
  template <class F>
  static void with_format_of(const checkpoint::TensorInfo& tensor, F&& f) {
    if (tensor.dtype == checkpoint::DType::bf16) return f(quant::BFloat16{});
    if (tensor.dtype == checkpoint::DType::f16) return f(quant::Float16{});
    f(quant::Float32{});
  }

  const checkpoint::TensorStore* store_;
  Shape shape_;
  checkpoint::WeightFinder finder_;
  std::string dtype_;
  bool quantize_again_;
};

/// Which matrices are written in 4 bits.
struct FourBitParts {
  bool layers = false;
  bool layers_nested = false;    ///< with double-quantized scales
  std::set<std::string> wide{};  ///< modules of layers that are not
  bool embedding = false;
  bool head = false;
};

template <class B>
FourBitParts four_bit_parts() {
  using Layers = checkpoint::detail::FourBitFormat<typename B::Quantization>;
  FourBitParts parts{.layers = Layers::is_four_bit,
                     .embedding = checkpoint::detail::FourBitFormat<typename B::Embedding>::is_four_bit,
                     .head = checkpoint::detail::FourBitFormat<typename B::Head>::is_four_bit};
  if constexpr (Layers::is_four_bit) parts.layers_nested = Layers::nested;
  return parts;
}

/// config.json with a `quantization_config` as transformers writes it, or without one where nothing is in 4 bits.
std::string quantized_config(const std::string& folder, const FourBitParts& parts);

/// The dtype that a quant_state tells: the checkpoint's, where bitsandbytes knows it.
std::string unquantized_dtype(const std::string& dtype);

/// The files of text that go along as they are.
void copy_texts(const std::string& from, checkpoint::CheckpointWriter& writer);

}  // namespace generate

/// Writes the checkpoint in `from` to the folder `to` in the formats of B, weight by weight, so that a later `load<B>`
/// copies it instead of quantizing again and gives the same bits. 4-bit weights are written per expert in bitsandbytes'
/// layout, norms and routers in Float32; a tensor whose rows belong to several weights stays one, and in 16 bits where
/// 4 bits could not be taken apart; what the architecture passes over is left out; tokenizer and generation files are
/// copied. `quantize_again`: as in LoadOptions. Memory: one shard of at most `max_shard_bytes` and one tensor. `to`
/// changes in one step when all is written; see CheckpointWriter. Throws FileError (also where another process is
/// writing to `to`), FormatError, Unsupported. Progress counts the work, bytes read and bytes written; an exception
/// from the sink cancels. Returns the unfinished folders beside `to` that earlier runs left when they were killed and
/// that have been removed.
template <class B>
std::vector<std::string> quantize_checkpoint(const std::string& from, const std::string& to,
                                             ProgressSink& progress, Bytes max_shard_bytes = 2_GB,
                                             bool quantize_again = false) {
  static_assert(!quant::Tagged<typename B::Quantization> && !quant::Tagged<typename B::Embedding> &&
                    !quant::Tagged<typename B::Head>,
                "quantize_checkpoint writes single formats, and an alias of B is quant::OneOf several: quantize by a "
                "Blueprint with single formats, or write a GGUF file by a recipe, write_gguf");
  const checkpoint::ModelConfig config = generate::read_config(from);
  if (config.shape.tied_head && !std::is_same_v<typename B::Embedding, typename B::Head>) {
    throw Unsupported(
        concat(from, ": the head is the embedding's matrix and is written once, the Blueprint asks for ",
               B::Embedding::name(), " and ", B::Head::name(), "; make its Embedding and Head equal"));
  }
  const checkpoint::TensorStore store(from);
  generate::WeightEncoder<B> encoder(store, config.shape, generate::unquantized_dtype(config.dtype),
                                     quantize_again);
  generate::FourBitParts formats = generate::four_bit_parts<B>();
  std::vector<typename generate::WeightEncoder<B>::Weight> weights;
  std::vector<checkpoint::TensorDeclaration> declarations;
  std::map<std::string, std::pair<std::size_t, std::size_t>, std::less<>> place;  // name -> weight and part
  model::for_each_weight_id(config.shape, !config.shape.tied_head, [&](const model::WeightId& id) {
    auto weight = encoder.declare(id);
    if (place.contains(weight.parts[0].name)) return;  // an earlier weight is in the same tensor
    if (encoder.is_cut(id)) formats.wide.insert(encoder.module_of(id));
    weights.push_back(std::move(weight));
    for (std::size_t part = 0; part < weights.back().parts.size(); ++part) {
      declarations.push_back(weights.back().parts[part]);
      place[declarations.back().name] = {weights.size() - 1, part};
    }
  });
  encoder.check_all_used();
  checkpoint::CheckpointWriter writer(to, std::move(declarations), max_shard_bytes);
  std::uint64_t total = 0;
  for (const checkpoint::TensorInfo& tensor : writer.tensors()) total += tensor.bytes;
  for (const auto& weight : weights) total += encoder.source_bytes(weight);
  progress.begin("quantizing", total, ProgressUnit::bytes);
  std::uint64_t done = 0;
  for (const checkpoint::TensorInfo& tensor : writer.tensors()) {
    const auto [index, part] = place.at(tensor.name);
    auto& weight = weights[index];
    if (weight.slab.empty()) {
      encoder.encode(weight);
      progress.advance(done += encoder.source_bytes(weight), tensor.name);
    }
    const std::string bytes = encoder.bytes(weight, part);
    writer.write(tensor.name, {reinterpret_cast<const std::byte*>(bytes.data()), bytes.size()});
    progress.advance(done += bytes.size(), tensor.name);
  }
  writer.write_text("config.json", generate::quantized_config(from, formats));
  generate::copy_texts(from, writer);
  writer.finish();
  progress.end();
  return writer.removed();
}

}  // namespace asterism

#if !defined(ASTERISM_COMPILED)
#include "asterism/generate/quantize_checkpoint_impl.hpp"
#endif
