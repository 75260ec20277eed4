// The contract of an expert: the content of its slab and its forward pass.
#pragma once

#include <concepts>
#include <cstddef>

#include "asterism/backend/groups.hpp"
#include "asterism/backend/layout.hpp"
#include "asterism/backend/operand.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/quant/layer_formats.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism::expert {

namespace needs {

template <class E>
concept footprint = requires(const E& expert) {
  { expert.footprint() } -> std::same_as<Bytes>;
};

template <class E>
concept in_dim = requires(const E& expert) {
  { expert.in_dim() } -> std::same_as<std::size_t>;
};

template <class E>
concept out_dim = requires(const E& expert) {
  { expert.out_dim() } -> std::same_as<std::size_t>;
};

template <class E>
concept slab = requires(const typename E::Slab& slab) {
  slab.up;
  slab.down;
};

template <class E>
concept matrices = std::default_initializable<typename E::Matrices> &&
    requires(typename E::Matrices& matrices, const typename E::Slab& slab) {
  matrices.add(slab);
};

template <class E>
concept set = requires(typename E::Matrices& matrices, std::size_t e, const typename E::Slab& slab) {
  matrices.set(e, slab);
};

template <class E>
concept lay_out = requires(const E& expert, backend::Layout& cursor) {
  { expert.lay_out(cursor) } -> std::same_as<typename E::Slab>;
};

template <class E>
concept scratch = requires(const E& expert, backend::Layout& cursor, std::size_t slots) {
  { E::Scratch::lay_out(cursor, expert, slots) } -> std::same_as<typename E::Scratch>;
};

template <class E, class Device>
concept forward = requires(const E& expert, Device& device, const typename E::Matrices& matrices,
                           const backend::ExpertGroups& groups, backend::DeviceMatrix<const float> x,
                           const typename E::Scratch& scratch, backend::DeviceMatrix<float> y) {
  expert.forward(device, matrices, groups, x, scratch, y);
};

}  // namespace needs

/// An expert type describes the experts of one shape: all of a layer's experts share one object of it.
///
/// 1. Constructed from a Shape, constexpr. `footprint()`: bytes of one expert's slab, a multiple of 64: the unit
///    that is loaded, cached, copied and spilled. `in_dim()`, `out_dim()`: widths of input and output rows.
/// 2. `lay_out(cursor)` cuts a slab into a `Slab`, a struct of the DeviceWeights `up` and `down`, and `gate` if the
///    expert is gated, which loaders fill; `Matrices`, empty at first, holds those of all experts of a layer;
///    `add(slab)` appends one expert.
/// 3. `Scratch`: the workspace of a pass besides its rows; `Scratch::lay_out(cursor, expert, slots)`.
/// 4. `forward(device, matrices, groups, x, scratch, y)` applies every expert to the rows of its group; rows are
///    independent; y is overwritten and may alias x.
///
/// Models: SwiGlu, Relu.
template <class E>
concept Expert = std::constructible_from<E, const Shape&> && needs::footprint<E> && needs::in_dim<E> &&
    needs::out_dim<E> && needs::slab<E> && needs::matrices<E> && needs::lay_out<E> && needs::scratch<E>;

/// Whether an expert answers each row by itself. One whose rows see their neighbours says
/// `static constexpr bool row_independent = false`: later rows too, so that no causal decoder takes it.
template <class E>
inline constexpr bool row_independent = true;
template <class E>
  requires requires { E::row_independent; }
inline constexpr bool row_independent<E> = E::row_independent;

/// Experts whose matrices may each be in another format of a quant::OneOf: constructed from (shape, formats), too.
template <class E>
concept TakesFormats = std::constructible_from<E, const Shape&, const quant::LayerFormats&>;

/// The experts of a layer, in these formats where they know of formats.
template <class E>
constexpr E expert_of(const Shape& shape, [[maybe_unused]] const quant::LayerFormats& formats) {
  if constexpr (TakesFormats<E>) {
    return E(shape, formats);
  } else {
    return E(shape);
  }
}

/// Experts with a third matrix, whose product with x gates the inner activations.
template <class E>
concept Gated = requires(const typename E::Slab& slab) {
  slab.gate;
};

/// Experts that may take turns in memory: `Matrices::set(e, slab)` puts the matrices of expert `e`, which was added, in
/// another place, or, where their data is null, nowhere. `forward` passes over the rows of experts that are nowhere.
template <class E>
concept Movable = Expert<E> && needs::set<E>;

/// An expert that runs on a device of the given backend.
template <class E, class Device>
concept ExpertOn = Expert<E> && needs::forward<E, Device>;

}  // namespace asterism::expert
