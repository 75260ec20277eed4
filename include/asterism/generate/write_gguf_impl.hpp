// Bodies of write_gguf.hpp.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "asterism/checkpoint/gguf/keys.hpp"
#include "asterism/checkpoint/gguf/rope_factors.hpp"
#include "asterism/checkpoint/gguf/weight_names.hpp"
#include "asterism/checkpoint/gguf/writer.hpp"
#include "asterism/checkpoint/huggingface/generation_config.hpp"
#include "asterism/checkpoint/huggingface/model_config.hpp"
#include "asterism/checkpoint/safetensors/dtype.hpp"
#include "asterism/checkpoint/safetensors/tensor_store.hpp"
#include "asterism/checkpoint/weight_finder.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/progress.hpp"
#include "asterism/core/view.hpp"
#include "asterism/file/path.hpp"
#include "asterism/generate/gguf_recipe.hpp"
#include "asterism/generate/gguf_tokenizer_keys.hpp"
#include "asterism/generate/load_options.hpp"
#include "asterism/generate/write_gguf.hpp"
#include "asterism/model/weights.hpp"
#include "asterism/quant/block_codec.hpp"
#include "asterism/quant/half_precision.hpp"
#include "asterism/quant/weight_source.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism {

namespace generate::detail {

using checkpoint::DType;
using checkpoint::FoundWeight;

/// The name of an architecture in GGUF; empty where it has none.
constexpr std::string_view gguf_architecture(Architecture architecture) {
  switch (architecture) {
    case Architecture::mixtral:
    case Architecture::llama:
    case Architecture::mistral:
      return "llama";
    case Architecture::qwen3_moe:
      return "qwen3moe";
    case Architecture::qwen3_next:
      return "qwen3next";
    default:
      return "";
  }
}

/// The keys of a model's configuration.
class GgufConfigKeys {
 public:
  GgufConfigKeys(const checkpoint::ModelConfig& config, std::string_view where)
      : config_(config), shape_(config.shape), where_(where), prefix_(gguf_architecture(shape_.architecture)) {}

  checkpoint::GgufKeys keys() {
    check();
    out_.add("general.architecture", prefix_);
    size("block_count", shape_.layers);
    size("context_length", shape_.max_positions);
    size("embedding_length", shape_.hidden);
    size("vocab_size", shape_.vocabulary);
    if (shape_.sliding_window > 0) size("attention.sliding_window", shape_.sliding_window);
    size("attention.head_count", shape_.heads);
    size("attention.head_count_kv", shape_.kv_heads);
    size("attention.key_length", shape_.head_dim);
    size("attention.value_length", shape_.head_dim);
    number("attention.layer_norm_rms_epsilon", shape_.rms_epsilon);
    number("rope.freq_base", shape_.rope_theta);
    size("rope.dimension_count", shape_.rotary_width());
    experts();
    if (!shape_.linear_layers.empty()) linear_layers();
    tokens();
    return std::move(out_);
  }

 private:
  std::string key(std::string_view name) const { return concat(prefix_, ".", name); }
  void size(std::string_view name, std::int32_t value) { out_.add(key(name), static_cast<std::uint32_t>(value)); }

  [[noreturn]] void unsupported(const std::string& what) const {
    throw Unsupported(concat(where_, ": ", what, ", which GGUF files of this architecture do not hold"));
  }

  /// A number that float32 and its shortest decimal hold.
  void number(std::string_view name, double value) {
    const auto single = static_cast<float>(value);
    const std::string digits = concat(single);
    double read = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), read);
    if (read != value) unsupported(concat(name, " is ", value));
    out_.add(key(name), single);
  }

  void check() const {
    const std::string_view type = model::info_of(shape_.architecture).model_type;
    if (prefix_.empty()) unsupported(concat("the model is a '", type, "'"));
    if (shape_.experts > 0 && !shape_.dense_layers.empty()) unsupported("some layers are dense");
    if (!shape_.normalised_top_k && shape_.experts > 0) unsupported("weights of experts are not normalised");
    if (shape_.experts == 0 && prefix_ != "llama") unsupported("the model has no experts");
    if (shape_.attention_bias && prefix_ != "llama") unsupported("the attention has biases");
    const linalg::RopeScaling& scaling = shape_.rope_scaling;
    if (scaling.factor > 0 && (scaling.low_freq_factor != 1 || scaling.high_freq_factor != 4)) {
      unsupported("the rotary scaling has other factors than 1 and 4");
    }
  }

  void experts() {
    if (shape_.experts == 0) return size("feed_forward_length", shape_.dense_ffn);
    size("feed_forward_length", shape_.ffn);
    size("expert_count", shape_.experts);
    size("expert_used_count", shape_.top_k);
    if (prefix_ != "llama") size("expert_feed_forward_length", shape_.ffn);
    if (shape_.shared_ffn > 0) size("expert_shared_feed_forward_length", shape_.shared_ffn);
  }

  void linear_layers() {
    const DeltaNetSizes& sizes = shape_.delta_net;
    size("ssm.conv_kernel", sizes.kernel);
    size("ssm.state_size", sizes.key_width);
    size("ssm.group_count", sizes.key_heads);
    size("ssm.time_step_rank", sizes.value_heads);
    size("ssm.inner_size", sizes.values());
    std::vector<bool> linear;
    bool by_interval = true;  // llama.cpp's: every fourth layer attends
    for (std::int32_t layer = 0; layer < shape_.layers; ++layer) {
      linear.push_back(shape_.linear_layers.contains(layer));
      by_interval = by_interval && linear.back() == ((layer + 1) % 4 != 0);
    }
    if (by_interval) return size("full_attention_interval", 4);
    out_.add(key("attention.recurrent_layers"), linear);
  }

  void tokens() {
    constexpr std::string_view ends[] = {"eos_token_id", "eot_token_id", "eom_token_id"};
    if (config_.eos.size() > std::size(ends)) unsupported(concat(config_.eos.size(), " tokens end a text"));
    const auto id = [&](std::string_view name, TokenId token) {
      out_.add(concat("tokenizer.ggml.", name), static_cast<std::uint32_t>(token));
    };
    for (std::size_t i = 0; i < config_.eos.size(); ++i) id(ends[i], config_.eos[i]);
    if (config_.bos) id("bos_token_id", *config_.bos);
    if (config_.pad) id("padding_token_id", *config_.pad);
  }

  const checkpoint::ModelConfig& config_;
  const Shape& shape_;
  std::string_view where_;
  std::string_view prefix_;
  checkpoint::GgufKeys out_;
};

/// A tensor of the file and the weights that it is made of, in its order.
struct GgufTensor {
  checkpoint::GgufDeclaration declaration;
  std::vector<const FoundWeight*> weights;
};

/// The element type that a weight is written in.
inline DType gguf_dtype(const FoundWeight& found, const model::WeightInfo& info) {
  const bool in_float32 =
      info.is_plain() || info.role == model::Role::router || info.role == model::Role::shared_router;
  return in_float32 ? DType::f32 : found.tensor->dtype;
}

/// The tensors of a file, in the order of a network's weights.
inline std::vector<GgufTensor> gguf_tensors(const std::vector<FoundWeight>& weights, const Shape& shape,
                                            const std::optional<GgufRecipe>& recipe, const std::string& where) {
  std::vector<GgufTensor> out;
  for (const FoundWeight& found : weights) {
    if (found.four_bit) {
      throw Unsupported(concat(where, ": tensor '", found.location.name,
                               "' is in 4 bits; GGUF files are written from weights in 16 or 32 bits"));
    }
    const model::WeightInfo& info = model::info_of(shape.architecture, found.id.role);
    checkpoint::WeightLocation location = checkpoint::locate_in_gguf(found.id, shape, {});
    const DType dtype = gguf_dtype(found, info);
    if (found.id.expert <= 0) {
      if (info.role == model::Role::shared_router) location.shape.erase(location.shape.begin());
      const bool is_matrix =
          !info.is_plain() && info.role != model::Role::router && info.role != model::Role::shared_router;
      const quant::BlockCodec* blocks = recipe && is_matrix ? recipe->blocks_of(found.id, shape) : nullptr;
      out.push_back({{std::move(location.name), dtype, std::move(location.shape), blocks}, {&found}});
      continue;
    }
    // A matrix of all experts of a layer is one tensor, which the first one's began.
    const auto begun = std::find_if(out.rbegin(), out.rend(), [&](const GgufTensor& tensor) {
      return tensor.declaration.name == location.name;
    });
    if (begun->declaration.dtype != dtype) begun->declaration.dtype = DType::f32;
    begun->weights.push_back(&found);
  }
  return out;
}

/// Why blocks can't hold `values`, elements from `first` on of a tensor, of which they were made as far as that goes.
inline std::string unsuited(View<const float> values, std::uint64_t first, const quant::BlockCodec& codec,
                            View<const std::byte> blocks) {
  const float* bad = std::find_if(values.begin(), values.end(), quant::not_finite);
  if (bad != values.end()) {
    return concat("element ", first + static_cast<std::uint64_t>(bad - values.begin()), " is ", *bad);
  }
  first += quant::first_unsound(codec, blocks) * codec.elements;
  return concat("elements ", first, " to ", first + codec.elements - 1, " exceed the range of ", codec.name,
                ": choose another recipe, or none, which leaves weights in 16 or 32 bits");
}

/// Floats as elements of a 16-bit or 32-bit type, which hold them exactly, or as whole blocks: elements from `first` on
/// of the tensor. `source` says what they were read from.
template <class Source>
std::vector<std::byte> as_stored(View<const float> values, std::uint64_t first,
                                 const checkpoint::GgufDeclaration& tensor, Source&& source) {
  const DType dtype = tensor.dtype;
  if (const quant::BlockCodec* codec = tensor.blocks) {
    std::vector<std::byte> blocks(values.size / codec->elements * codec->bytes);
    const quant::FloatWeights weights{values};
    try {
      quant::encode_blocks(*codec, weights, values.size, blocks.data());
    } catch (const NumericError&) {
      throw FormatError(
          concat(source(), ", written as '", tensor.name, "': ", unsuited(values, first, *codec, blocks)));
    }
    return blocks;
  }
  std::vector<std::byte> out(values.size * static_cast<std::size_t>(checkpoint::dtype_size(dtype)));
  if (dtype == DType::f32) {
    std::memcpy(out.data(), values.data, out.size());
    return out;
  }
  for (std::size_t i = 0; i < values.size; ++i) {
    const std::uint16_t bits =
        dtype == DType::f16 ? quant::float16_from_float(values[i]) : quant::bfloat16_from_float(values[i]);
    std::memcpy(out.data() + i * sizeof bits, &bits, sizeof bits);
  }
  return out;
}

}  // namespace generate::detail

ASTERISM_INLINE void write_gguf(const std::string& from, const std::string& to, ProgressSink& progress,
                                const WriteGgufOptions& options) {
  using generate::detail::GgufTensor;
  checkpoint::ModelConfig config = generate::read_config(from);
  const checkpoint::GenerationConfig generation = checkpoint::read_generation_config(from);
  if (!generation.eos.empty()) config.eos = generation.eos;
  const Shape& shape = config.shape;
  checkpoint::GgufKeys keys = generate::detail::GgufConfigKeys(config, from).keys();
  if (options.tokenizer && file::path_kind(from + "/tokenizer.json") != file::PathKind::missing) {
    generate::add_gguf_tokenizer(keys, from, config);
  }
  const checkpoint::TensorStore store(from);
  const auto weights = checkpoint::find_weights(store, shape, !shape.tied_head);
  std::optional<generate::GgufRecipe> recipe;
  if (!options.recipe.empty()) recipe.emplace(options.recipe);
  if (recipe) {
    keys.add("general.file_type", recipe->file_type());
    keys.add("general.quantization_version", std::uint32_t{2});
  }
  const std::vector<GgufTensor> tensors = generate::detail::gguf_tensors(weights, shape, recipe, from);
  std::vector<checkpoint::GgufDeclaration> declarations;
  constexpr std::string_view rope = "rope_freqs.weight";
  const bool scaled = shape.rope_scaling.factor > 0;
  const std::vector<float> factors =
      checkpoint::llama3_factors(shape.rope_scaling, shape.rope_theta, shape.head_dim);
  if (scaled) declarations.push_back({std::string(rope), checkpoint::DType::f32, {factors.size()}});
  for (const GgufTensor& tensor : tensors) declarations.push_back(tensor.declaration);
  checkpoint::GgufWriter writer(to, keys, std::move(declarations));
  std::uint64_t total = 0;
  for (const checkpoint::TensorInfo& tensor : writer.tensors()) total += tensor.bytes;
  progress.begin("writing", total, ProgressUnit::bytes);
  std::uint64_t done = 0;
  const auto write = [&](const checkpoint::GgufDeclaration& tensor, std::uint64_t first, View<const float> values,
                         const auto& source) {
    const std::vector<std::byte> bytes = generate::detail::as_stored(values, first, tensor, source);
    writer.write(tensor.name, bytes);
    progress.advance(done += bytes.size(), tensor.name);
  };
  if (scaled) write({std::string(rope), checkpoint::DType::f32, {}}, 0, factors, [&] { return from; });
  constexpr std::uint64_t at_a_time = std::uint64_t{1} << 18U;
  std::vector<float> values;
  std::vector<float> ordered;
  for (const GgufTensor& tensor : tensors) {
    std::uint64_t before = 0;  // elements of the tensor
    for (const checkpoint::FoundWeight* found : tensor.weights) {
      const auto source = [&] { return store.describe(*found->tensor); };
      const model::WeightInfo& info = model::info_of(shape.architecture, found->id.role);
      const std::uint64_t elements = model::size_of(info.rows, shape) * model::size_of(info.cols, shape);
      const checkpoint::RowGather rows = checkpoint::locate_in_gguf(found->id, shape, {}).rows;
      const std::uint64_t piece = rows.in_order() ? at_a_time : elements;
      for (std::uint64_t first = 0; first < elements; first += piece) {
        values.resize(static_cast<std::size_t>(std::min(piece, elements - first)));
        checkpoint::read_floats(store, *found, first, values);
        if (rows.in_order()) {
          write(tensor.declaration, before + first, values, source);
          continue;
        }
        ordered.resize(values.size());
        checkpoint::for_each_run(rows, 0, elements, [&](std::uint64_t at, std::uint64_t begin, std::uint64_t n) {
          std::copy_n(values.begin() + static_cast<std::ptrdiff_t>(begin), n,
                      ordered.begin() + static_cast<std::ptrdiff_t>(at));
        });
        write(tensor.declaration, before, ordered, source);
      }
      before += elements;
      checkpoint::release(store, *found);
    }
  }
  writer.finish();
  progress.end();
}

}  // namespace asterism
