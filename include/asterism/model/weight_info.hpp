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
  output,
  expert_norm,
  router,
  gate,
  up,
  down,
  final_norm,
  head
};

/// How often a weight occurs: once in the model, in each layer, or for each expert of each layer.
enum class Scope : std::uint8_t { model, layer, expert };

/// A size of a weight, by the fields of Shape that it follows from; `none`: the weight is a vector and has no rows.
enum class Dim : std::uint8_t { none, vocabulary, hidden, query_width, kv_width, ffn, experts };

/// Elements along `dim` in a model of `shape`; 1 for `none`.
constexpr std::uint64_t size_of(Dim dim, const Shape& shape) {
  const auto size = [&]() -> std::int32_t {
    switch (dim) {
      case Dim::none:
        break;
      case Dim::vocabulary:
        return shape.vocabulary;
      case Dim::hidden:
        return shape.hidden;
      case Dim::query_width:
        return shape.query_width();
      case Dim::kv_width:
        return shape.kv_width();
      case Dim::ffn:
        return shape.ffn;
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

/// One weight of an architecture. Names are those of Hugging Face's checkpoints, in layers without `model.layers.N.`;
/// `{expert}` stands for the expert's number.
struct WeightInfo {
  Role role{};
  Scope scope{};
  /// What plans count it as. It decides the format as well: attention and experts are in the Blueprint's Quantization,
  /// embedding and head in the formats of those names, everything else in Float32.
  placement::PartKind part{};
  Dim rows = Dim::none;
  Dim cols = Dim::none;
  std::string_view name{};
  FusedName fused{};

  constexpr bool is_vector() const { return rows == Dim::none; }
};

/// An architecture as checkpoints name it. Its weights are in the order in which a pass uses them; those of scope
/// `layer` are adjacent, and so are those of scope `expert` after them.
struct ArchitectureInfo {
  Architecture architecture{};
  std::string_view model_type;  ///< `model_type` of config.json
  std::string_view class_name;  ///< among the `architectures` of config.json
  View<const WeightInfo> weights;
};

}  // namespace asterism::model
