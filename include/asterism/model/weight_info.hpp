// What is known of one kind of weight: its role, how often it occurs, its sizes, its names in checkpoints.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "asterism/core/view.hpp"
#include "asterism/placement/memory_footprint.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism::model {

/// What a weight does in a decoder.
enum class Role : std::uint8_t {
  embedding,
  attention_norm,
  query,
  key,
  value,
  query_bias,
  key_bias,
  value_bias,
  query_norm,
  key_norm,
  output,
  output_bias,
  linear_qkv,
  linear_gate,
  linear_beta_decay,
  linear_convolution,
  linear_decay_rate,
  linear_decay_bias,
  linear_norm,
  linear_output,
  feed_forward_norm,  ///< before the experts, or before a dense layer's feed-forward block
  router,
  router_bias,  ///< of a gating::Biased
  gate,
  up,
  down,
  shared_router,  ///< of the shared expert's gate
  shared_gate,
  shared_up,
  shared_down,
  dense_gate,
  dense_up,
  dense_down,
  final_norm,
  head
};

/// One weight of a decoder; layer and expert are -1 where the role has none.
struct WeightId {
  Role role = Role::embedding;
  std::int32_t layer = -1;
  std::int32_t expert = -1;

  friend constexpr bool operator==(const WeightId&, const WeightId&) = default;
};

/// How often a weight occurs: once in the model, in each layer, or for each expert of each layer.
enum class Scope : std::uint8_t { model, layer, expert };

/// Which layers have a weight, by the fields of Shape.
enum class Where : std::uint8_t {
  everywhere,
  attention_layers,
  linear_layers,
  sparse_layers,
  dense_layers,
  with_attention_bias,  ///< layers with attention, if it has biases
  with_qk_norm          ///< layers with attention, if it norms queries and keys
};

/// Whether a weight is there in `layer` of a model of `shape`.
constexpr bool is_there(Where where, const Shape& shape, std::int32_t layer) {
  switch (where) {
    case Where::everywhere:
      break;
    case Where::attention_layers:
      return !shape.linear_layers.contains(layer);
    case Where::linear_layers:
      return shape.linear_layers.contains(layer);
    case Where::sparse_layers:
      return !shape.is_dense(layer);
    case Where::dense_layers:
      return shape.is_dense(layer);
    case Where::with_attention_bias:
      return shape.attention_bias && !shape.linear_layers.contains(layer);
    case Where::with_qk_norm:
      return shape.qk_norm && !shape.linear_layers.contains(layer);
  }
  return true;
}

/// A size of a weight, by the fields of Shape that it follows from; `none`: the weight is a vector and has no rows.
enum class Dim : std::uint8_t {
  none,
  one,
  vocabulary,
  hidden,
  query_width,
  query_rows,
  kv_width,
  head_dim,
  linear_channels,
  linear_values,
  linear_value_heads,
  linear_betas_decays,  ///< two for each value head
  linear_value_width,
  linear_kernel,
  ffn,
  shared_ffn,
  dense_ffn,
  experts
};

/// Elements along `dim` in a model of `shape`; 1 for `none` and `one`.
constexpr std::uint64_t size_of(Dim dim, const Shape& shape) {
  const auto size = [&]() -> std::int32_t {
    switch (dim) {
      case Dim::none:
      case Dim::one:
        break;
      case Dim::vocabulary:
        return shape.vocabulary;
      case Dim::hidden:
        return shape.hidden;
      case Dim::query_width:
        return shape.query_width();
      case Dim::query_rows:
        return shape.query_rows();
      case Dim::kv_width:
        return shape.kv_width();
      case Dim::head_dim:
        return shape.head_dim;
      case Dim::linear_channels:
        return shape.delta_net.channels();
      case Dim::linear_values:
        return shape.delta_net.values();
      case Dim::linear_value_heads:
        return shape.delta_net.value_heads;
      case Dim::linear_betas_decays:
        return 2 * shape.delta_net.value_heads;
      case Dim::linear_value_width:
        return shape.delta_net.value_width;
      case Dim::linear_kernel:
        return shape.delta_net.kernel;
      case Dim::ffn:
        return shape.ffn;
      case Dim::shared_ffn:
        return shape.shared_ffn;
      case Dim::dense_ffn:
        return shape.dense_ffn;
      case Dim::experts:
        return shape.experts;
    }
    return 1;
  };
  return static_cast<std::uint64_t>(size());
}

/// Where a weight is if a checkpoint fuses a layer's experts into tensors of shape (experts, slices * rows, cols):
/// slice `slice` of `slices` of its expert. A weight that is not an expert's only has another name there.
struct FusedName {
  std::string_view name{};  ///< empty: fused checkpoints call it as others do
  std::int32_t slice = 0;
  std::int32_t slices = 1;
};

/// What a file's values become when they are read.
enum class Transform : std::uint8_t {
  none,
  plus_one,             ///< w + 1: the file has the weights of a zero-centred norm
  minus_exponential,    ///< -exp(w): the file has the logarithm of a decay
  queries_keys_values,  ///< rows of in_proj_qkvz, for each key head [q | k | v | z]: all q, then all k, then all v
  gates                 ///< the z of these
};

/// One weight of an architecture. Names are those of Hugging Face's checkpoints, in layers without `model.layers.N.`;
/// `{expert}` stands for the expert's number.
struct WeightInfo {  // NOLINT(clang-analyzer-optin.performance.Padding): as tables are read
  Role role{};
  Scope scope{};
  /// What plans count it as. It decides the format of a matrix as well: attention, experts and feed-forward blocks are
  /// in the Blueprint's Quantization, embedding and head in the formats of those names, routers in Float32. Vectors are
  /// in Float32, as are matrices that are exact.
  placement::PartKind part{};
  Dim rows = Dim::none;
  Dim cols = Dim::none;
  std::string_view name{};
  FusedName fused{};
  Where where = Where::everywhere;  ///< in layers
  Transform transform = Transform::none;
  bool is_exact = false;  ///< a matrix that stays in Float32

  constexpr bool is_vector() const { return rows == Dim::none; }
  /// In the network a DeviceMatrix<float>, whatever the Blueprint's formats.
  constexpr bool is_plain() const { return is_vector() || is_exact; }
};

/// An architecture as checkpoints name it. Its weights are in the order in which a pass uses them; those of scope
/// `layer` are adjacent, and so are those of scope `expert` after them.
struct ArchitectureInfo {
  Architecture architecture{};
  std::string_view model_type;     ///< `model_type` of config.json
  std::string_view class_name;     ///< among the `architectures` of config.json
  std::string_view ffn_field;      ///< of config.json: inner width of an expert; empty without experts
  std::string_view experts_field;  ///< of config.json: experts per layer
  View<const WeightInfo> weights;
  std::string_view passed_over{};  ///< before the names of tensors that the model does not use; empty: it uses all
};

}  // namespace asterism::model
