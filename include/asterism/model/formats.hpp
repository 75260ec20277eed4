// Which of several formats each matrix of a network is in.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>

#include "asterism/core/error.hpp"
#include "asterism/core/fnv1a.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/layer_set.hpp"
#include "asterism/model/weight_info.hpp"
#include "asterism/model/weights.hpp"
#include "asterism/quant/layer_formats.hpp"
#include "asterism/quant/one_of.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism::model {

/// The place of a role's tag in a layer's; null for roles whose weights are in no Quantization.
constexpr quant::Tag quant::LayerFormats::*tag_of(Role role) {
  using Layer = quant::LayerFormats;
  switch (role) {
    case Role::query:
      return &Layer::query;
    case Role::key:
      return &Layer::key;
    case Role::value:
      return &Layer::value;
    case Role::output:
      return &Layer::output;
    case Role::linear_qkv:
      return &Layer::linear_qkv;
    case Role::linear_gate:
      return &Layer::linear_gate;
    case Role::linear_beta_decay:
      return &Layer::linear_beta_decay;
    case Role::linear_output:
      return &Layer::linear_output;
    case Role::gate:
      return &Layer::gate;
    case Role::up:
      return &Layer::up;
    case Role::down:
      return &Layer::down;
    case Role::shared_gate:
      return &Layer::shared_gate;
    case Role::shared_up:
      return &Layer::shared_up;
    case Role::shared_down:
      return &Layer::shared_down;
    case Role::dense_gate:
      return &Layer::dense_gate;
    case Role::dense_up:
      return &Layer::dense_up;
    case Role::dense_down:
      return &Layer::dense_down;
    default:
      return nullptr;
  }
}

/// The tag of each matrix whose alias in a Blueprint is quant::OneOf several formats; matrices of the others need none.
/// Layers that are alike are one run. Structural: a constant of a Blueprint, or read from a file.
///
///     static constexpr model::Formats formats(const Shape& shape) {
///       auto out = model::Formats::uniform(Quantization::tag_of<quant::Q4_K>());
///       out.set(model::Role::down, LayerSet::range(0, shape.layers / 8), Quantization::tag_of<quant::Q6_K>());
///       return out;
///     }
struct Formats {
  static constexpr std::size_t max_runs = 16;

  struct Run {
    LayerSet layers{};
    quant::LayerFormats formats{};

    friend constexpr bool operator==(const Run&, const Run&) = default;
  };

  quant::Tag embedding = 0;
  quant::Tag head = 0;
  quant::LayerFormats others{};  ///< of layers in no run
  std::array<Run, max_runs> runs{};
  std::size_t run_count = 0;

  /// Whether all matrices have the same tags, however the runs are cut.
  friend constexpr bool operator==(const Formats& a, const Formats& b) {
    for (std::int32_t layer = 0; layer < LayerSet::max_layers; ++layer) {
      if (!(a.of_layer(layer) == b.of_layer(layer))) return false;
    }
    return a.embedding == b.embedding && a.head == b.head;
  }

  /// The same tag for all matrices of all layers; 0 for embedding and head.
  static constexpr Formats uniform(quant::Tag tag) {
    Formats out;
    for (int role = 0; role <= static_cast<int>(Role::head); ++role) {
      if (const auto place = tag_of(static_cast<Role>(role)); place != nullptr) out.others.*place = tag;
    }
    return out;
  }

  /// Those of a layer.
  constexpr const quant::LayerFormats& of_layer(std::int32_t layer) const {
    for (std::size_t i = 0; i < run_count; ++i) {
      if (runs[i].layers.contains(layer)) return runs[i].formats;
    }
    return others;
  }

  /// The tag of a matrix: of the embedding, the head, or of a layer.
  constexpr quant::Tag of(Role role, std::int32_t layer) const {
    if (role == Role::embedding) return embedding;
    if (role == Role::head) return head;
    const auto place = tag_of(role);
    return place == nullptr ? quant::Tag{0} : of_layer(layer).*place;
  }

  /// Gives a role's matrices in `layers` a tag. InvalidArgument for a role that no layer's Quantization is for;
  /// Unsupported where more than max_runs kinds of layers result.
  constexpr void set(Role role, const LayerSet& layers, quant::Tag tag) {
    if (tag_of(role) == nullptr) {
      throw InvalidArgument(
          "model::Formats::set is for matrices of layers that are in a Blueprint's Quantization: embedding and "
          "head "
          "are members, routers and vectors are in float32");
    }
    for (std::int32_t layer = 0; layer < LayerSet::max_layers; ++layer) {
      if (!layers.contains(layer)) continue;
      quant::LayerFormats changed = of_layer(layer);
      changed.*tag_of(role) = tag;
      set_layer(layer, changed);
    }
  }

  /// Gives a layer all its tags. Throws as `set`.
  constexpr void set_layer(std::int32_t layer, const quant::LayerFormats& formats) {
    LayerSet one;
    one.insert(layer);
    for (std::size_t i = 0; i < run_count; ++i) runs[i].layers = runs[i].layers - one;
    if (formats == others) return;
    std::size_t free = run_count;
    for (std::size_t i = 0; i < run_count; ++i) {
      if (runs[i].formats == formats) return runs[i].layers.insert(layer);
      if (runs[i].layers.empty() && free == run_count) free = i;
    }
    if (free == max_runs) {
      throw Unsupported(concat("layer ", layer, ": the formats of its matrices are a combination beyond the ",
                               max_runs, " kinds of layers that one model may have"));
    }
    runs[free] = {one, formats};
    if (free == run_count) ++run_count;
  }

  /// Calls f(layers, formats) for each kind of layers of a model of so many, once.
  template <class F>
  constexpr void for_each_kind(std::int32_t layers, F&& f) const {
    LayerSet left = LayerSet::range(0, layers);
    for (std::size_t i = 0; i < run_count; ++i) {
      const LayerSet own = left & runs[i].layers;
      left = left - own;
      if (!own.empty()) f(own, runs[i].formats);
    }
    if (!left.empty()) f(left, others);
  }
};

/// Whether matrices of B say which format they are in.
template <class B>
inline constexpr bool is_mixed = quant::Tagged<typename B::Quantization> || quant::Tagged<typename B::Embedding> ||
                                 quant::Tagged<typename B::Head>;

/// Calls f(info, layers, tag) for each kind of matrix of the layers of `shape`, and layers where it is in one format.
template <class F>
constexpr void for_each_tag(const Shape& shape, const Formats& formats, F&& f) {
  for (const WeightInfo& info : info_of(shape.architecture).weights) {
    const auto place = tag_of(info.role);
    if (place == nullptr) continue;
    formats.for_each_kind(shape.layers, [&](const LayerSet& alike, const quant::LayerFormats& of_each) {
      LayerSet own;
      for (std::int32_t layer = 0; layer < shape.layers; ++layer) {
        if (alike.contains(layer) && is_there(info.where, shape, layer)) own.insert(layer);
      }
      if (!own.empty()) f(info, own, of_each.*place);
    });
  }
}

/// A number that tells the formats of one model of `shape` from others, the same everywhere.
constexpr std::uint64_t fingerprint(const Shape& shape, const Formats& formats) {
  Fnv1a hash;
  hash.add(std::uint64_t{formats.embedding});
  hash.add(std::uint64_t{formats.head});
  for (const WeightInfo& info : info_of(shape.architecture).weights) {
    for (std::int32_t layer = 0; layer < shape.layers; ++layer) {
      if (tag_of(info.role) == nullptr || !is_there(info.where, shape, layer)) continue;
      hash.add(std::uint64_t{formats.of(info.role, layer)});
    }
  }
  return hash.value();
}

/// B says itself which matrix has which format: B::formats(shape).
template <class B>
concept HasFormats = requires(const Shape& shape) {
  { B::formats(shape) } -> std::convertible_to<Formats>;
};

/// B has a member of that name, whether it fits or not.
template <class B>
concept NamesFormats = requires { &B::formats; };

/// The formats of a model of `shape`, where nothing but B decides them. Throws Unsupported where they are a file's: in
/// a constant expression, a compiler shows the call.
template <class B>
constexpr Formats formats_of(const Shape& shape) {
  if constexpr (HasFormats<B>) {
    return B::formats(shape);
  } else {
    if (is_mixed<B>) {
      throw Unsupported(
          "the Blueprint's weights are in quant::OneOf several formats, and it does not say which: plan_load and "
          "load "
          "read that from a file; or give it static constexpr model::Formats formats(const Shape&)");
    }
    return {};
  }
}

}  // namespace asterism::model
