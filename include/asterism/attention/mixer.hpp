// The contract of a mixer: how the tokens of a sequence learn from those before them, in one layer.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "asterism/backend/layout.hpp"
#include "asterism/backend/operand.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/layer_set.hpp"
#include "asterism/quant/layer_formats.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism::attention {

/// Rows of a pass that belong to one sequence, as a mixer sees them: `rows` of them at positions first ... first +
/// rows - 1; `cache` and `state` are what the sequence left on a device.
template <class KvCache, class State>
struct MixerSegment {
  KvCache* own_cache = nullptr;
  const State* own_state = nullptr;
  std::size_t first = 0;
  std::size_t rows = 0;

  KvCache& cache(std::int32_t /*device*/) const { return *own_cache; }
  const State& state(std::int32_t /*device*/) const { return *own_state; }
};

namespace needs {

template <class M>
concept name = requires {
  { M::name } -> std::convertible_to<std::string_view>;
};

template <class M>
concept is_recurrent = requires {
  { M::is_recurrent } -> std::convertible_to<bool>;
};

template <class M>
concept layers = requires(const Shape& shape) {
  { M::layers(shape) } -> std::same_as<LayerSet>;
};

template <class M>
concept footprint = requires(const Shape& shape) {
  { M::footprint(shape) } -> std::same_as<Bytes>;
};

template <class M>
concept slab = requires(const M& mixer) {
  { mixer.slab() } -> std::same_as<const typename M::Slab&>;
};

template <class M>
concept scratch = requires(backend::Layout& cursor, const Shape& shape, std::size_t rows) {
  { M::Scratch::lay_out(cursor, shape, rows) } -> std::same_as<typename M::Scratch>;
};

template <class M, class Device>
concept draw = std::constructible_from<M, Device&, const Shape&>;

template <class M, class Device, class KvCache, class State>
concept mix = requires(const M& mixer, Device& device, std::int32_t layer,
                       const std::vector<MixerSegment<KvCache, State>>& segments,
                       backend::DeviceMatrix<const float> x, const typename M::Scratch& scratch,
                       backend::DeviceMatrix<float> out) {
  mixer.forward(device, layer, segments, x, x, scratch, out);
};

}  // namespace needs

/// A mixer is the first half of a layer: rows of a sequence in, rows that have seen the earlier ones out.
///
/// 1. `layers(shape)`, static and constexpr: the layers of a shape that it can mix, of attention_layers() or, if
///    recurrent, of linear_layers. `name` names it in messages.
///    `is_recurrent`: it remembers by a State, not by a KvCache; plans count it as linear attention then.
/// 2. `footprint(shape)`, static and constexpr: bytes of one layer's weights, which the constructor draws from (memory,
///    shape), a device or a backend::Region, for the holder "linear attention" if recurrent, else "attention".
///    `slab()`: the weights, a struct of DeviceWeights and DeviceMatrix<float>; loaders fill its members by their
///    names: those of GroupedQuery::Slab or of GatedDeltaNet::Slab.
/// 3. `Scratch`: the activations of a pass; `Scratch::lay_out(cursor, shape, rows)`. Inputs of products are no wider
///    than hidden, the queries, or the values of linear attention.
/// 4. `forward(device, layer, segments, x, tables, scratch, out)`: x and out (n, hidden), out may be x; `layer` is the
///    layer's number among those with attention, or, if recurrent, with linear attention; `segments` as MixerSegment,
///    one after the other; tables (n, rotary width). A row's bits do not depend on the cut of its sequence into passes,
///    on other segments, or on the number of threads. A pass that is repeated before it counts gives the same bits.
///    Allocates nothing.
///
/// Laws: tests/laws/mixer_laws.hpp. Models: GroupedQuery, GatedDeltaNet.
template <class M>
concept Mixer = needs::name<M> && needs::is_recurrent<M> && needs::layers<M> && needs::footprint<M> &&
    needs::slab<M> && needs::scratch<M>;

/// A mixer whose `forward` takes the adapters of a pass as its last argument, and says so: see GroupedQuery. Beside
/// others there are none.
template <class M>
concept TakesAdapters = M::takes_adapters;

/// A mixer whose matrices may each be in another format of a quant::OneOf: footprint(shape, formats) and a constructor
/// from (memory, shape, formats), formats a quant::LayerFormats.
template <class M>
concept TakesFormats = requires(const Shape& shape, const quant::LayerFormats& formats) {
  { M::footprint(shape, formats) } -> std::same_as<Bytes>;
};

/// A mixer that runs on a device of the given backend, with these memories of a sequence.
template <class M, class Device, class KvCache, class State>
concept MixerOn = Mixer<M> && needs::draw<M, Device> && needs::mix<M, Device, KvCache, State>;

}  // namespace asterism::attention
