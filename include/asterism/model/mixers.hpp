// What mixes the tokens of a sequence: each layer has one of the mixers that a Blueprint lists.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <tuple>
#include <variant>

#include "asterism/attention/mixer.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/layer_set.hpp"
#include "asterism/quant/layer_formats.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism::model {

/// The layers of a shape whose sequences leave what a mixer of this kind remembers: states, or keys and values.
constexpr LayerSet layers_of_kind(const Shape& shape, bool is_recurrent) {
  return is_recurrent ? shape.linear_layers : shape.attention_layers();
}

/// The mixers that a variant's layers may have, templates over the format of their matrices; see attention::Mixer. A
/// layer gets the first one whose `layers(shape)` has it.
template <template <class Quantization> class... Mixer>
struct Mixers {
  /// One mixer of a layer.
  template <class Quantization>
  using Of = std::variant<Mixer<Quantization>...>;
  /// Activations for all of them.
  template <class Quantization>
  using Scratch = std::tuple<typename Mixer<Quantization>::Scratch...>;

  /// The layers of `shape` that none of them mixes.
  template <class Quantization>
  static constexpr LayerSet missing(const Shape& shape) {
    LayerSet left = LayerSet::range(0, shape.layers);
    ((left = left - Mixer<Quantization>::layers(shape)), ...);
    return left;
  }

  /// Calls `f` with every mixer as its template argument and with the layers that the mixer gets.
  template <class Quantization, class F>
  static constexpr void for_each(const Shape& shape, F&& f) {
    LayerSet left = LayerSet::range(0, shape.layers);
    const auto next = [&]<class M>() {
      const LayerSet own = left & M::layers(shape);
      left = left - own;
      f.template operator()<M>(own);
    };
    (next.template operator()<Mixer<Quantization>>(), ...);
  }

  /// The names of all, for messages.
  template <class Quantization>
  static std::string names() {
    std::string text;
    ((text += concat(text.empty() ? "" : ", ", Mixer<Quantization>::name)), ...);
    return text;
  }
};

/// Bytes of one layer's weights, of a mixer that knows of formats in these.
template <class Mixer>
constexpr Bytes mixer_footprint(const Shape& shape, const quant::LayerFormats& formats) {
  if constexpr (attention::TakesFormats<Mixer>) {
    return Mixer::footprint(shape, formats);
  } else {
    return Mixer::footprint(shape);
  }
}

/// The mixer of a layer, drawn from a device or a backend::Region: of a variant one of whose mixers is for it.
template <class Variant, std::size_t I = 0, class Memory>
Variant make_mixer(Memory& memory, const Shape& shape, std::int32_t layer, const quant::LayerFormats& formats) {
  using Mixer = std::variant_alternative_t<I, Variant>;
  if constexpr (I + 1 < std::variant_size_v<Variant>) {
    if (!Mixer::layers(shape).contains(layer)) return make_mixer<Variant, I + 1>(memory, shape, layer, formats);
  }
  if constexpr (attention::TakesFormats<Mixer>) {
    return Variant(std::in_place_index<I>, memory, shape, formats);
  } else {
    return Variant(std::in_place_index<I>, memory, shape);
  }
}

}  // namespace asterism::model
