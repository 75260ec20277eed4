// The contracts of experts and gating policies that learn.
#pragma once

#include <concepts>
#include <cstddef>

#include "asterism/backend/groups.hpp"
#include "asterism/backend/layout.hpp"
#include "asterism/backend/operand.hpp"
#include "asterism/core/view.hpp"
#include "asterism/expert/concept.hpp"
#include "asterism/gating/concept.hpp"

namespace asterism::train {

namespace needs {

template <class E>
concept saved = requires(const E& expert, backend::Layout& cursor, std::size_t slots) {
  { E::Saved::lay_out(cursor, expert, slots) } -> std::same_as<typename E::Saved>;
};

template <class E>
concept work = requires(const E& expert, backend::Layout& cursor, std::size_t slots) {
  { E::Work::lay_out(cursor, expert, slots) } -> std::same_as<typename E::Work>;
};

template <class E, class Device>
concept forward = requires(const E& expert, Device& device, const typename E::Matrices& matrices,
                           const backend::ExpertGroups& groups, backend::DeviceMatrix<const float> x,
                           const typename E::Saved& saved, const typename E::Work& work,
                           backend::DeviceMatrix<float> y) {
  expert.forward(device, matrices, groups, x, saved, work, y);
};

template <class E, class Device>
concept backward = requires(const E& expert, Device& device, const typename E::Matrices& matrices,
                            const backend::ExpertGroups& groups, backend::DeviceMatrix<const float> x,
                            const typename E::Saved& saved, const typename E::Work& work,
                            backend::DeviceMatrix<float> dx) {
  expert.backward(device, matrices, matrices, groups, x, saved, work, x, dx);
};

template <class G>
concept gating_backward = requires(const G& gating, View<const float> x, View<const gating::Route> chosen,
                                   View<float> dlogits) {
  { gating.backward(x, chosen, x, x, dlogits) } -> std::same_as<void>;
};

}  // namespace needs

/// An expert that learns.
///
/// 1. `Saved` is what a pass leaves for `backward` of one layer, `Work` memory that all layers share;
///    `lay_out(cursor, expert, slots)` of each is constexpr. Every step lays both out for the slots that it has.
/// 2. `forward(device, matrices, groups, x, saved, work, y)` answers as Expert's `forward` does; y may not alias x.
/// 3. `backward(device, matrices, gradients, groups, x, saved, work, dy, dx)` gets the same x and what `forward` saved,
///    and dy, the gradient of y. It adds the gradients of the matrices to `gradients`, of the same type, and overwrites
///    dx with that of x. It may overwrite saved and work.
/// 4. Both make the same bits for any number of threads, and allocate nothing. A row's gradient dx does not depend on
///    its neighbours.
///
/// Laws: tests/laws/trainable_expert_laws.hpp. Models: SwiGlu, Relu.
template <class E, class Device>
concept TrainableExpert = expert::ExpertOn<E, Device> && needs::saved<E> && needs::work<E> &&
    needs::forward<E, Device> && needs::backward<E, Device>;

/// A gating policy that learns: `backward(probabilities, chosen, dweights, dprobabilities, dlogits)` gets the
/// probabilities (n_experts) and the choice (top_k) that `route` left, the gradient of the choice's weights (top_k) and
/// that of the probabilities by what else was made of them (n_experts, or empty: none), and overwrites dlogits
/// (n_experts). What was not chosen gets no gradient through weights but by a normalisation over all experts. const,
/// thread-safe, allocates nothing.
///
/// Laws: tests/laws/trainable_gating_laws.hpp. Models: SoftmaxTopK, Switch.
template <class G>
concept TrainableGating = gating::Gating<G> && needs::gating_backward<G>;

}  // namespace asterism::train
