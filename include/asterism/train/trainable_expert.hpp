// The contract of an expert that learns.
#pragma once

#include <concepts>
#include <cstddef>

#include "asterism/backend/groups.hpp"
#include "asterism/backend/layout.hpp"
#include "asterism/backend/operand.hpp"
#include "asterism/expert/concept.hpp"

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

}  // namespace needs

/// An expert that learns.
///
/// 1. `Saved` is what a pass leaves for `backward` of one layer, `Work` memory that all layers share;
///    `lay_out(cursor, expert, slots)` of each is constexpr. Every step lays both out for the slots that it has.
///    `Saved` are matrices of float, which a recipe may keep in a narrower type.
/// 2. `forward(device, matrices, groups, x, saved, work, y)` answers as Expert's `forward` does; y may not alias x.
/// 3. `backward(device, matrices, gradients, groups, x, saved, work, dy, dx)` gets the same x and what `forward` saved,
///    and dy, the gradient of y. It adds the gradients of the matrices to `gradients`, of the same type, and overwrites
///    dx with that of x. It may overwrite saved and work. An expert that is to learn by gradients of another storage
///    than its weights' takes `Matrices` of itself in another format, too.
/// 4. Both make the same bits for any number of threads, and allocate nothing. A row's gradient dx does not depend on
///    its neighbours.
///
/// Laws: tests/laws/trainable_expert_laws.hpp. Models: SwiGlu, Relu.
template <class E, class Device>
concept TrainableExpert = expert::ExpertOn<E, Device> && needs::saved<E> && needs::work<E> &&
    needs::forward<E, Device> && needs::backward<E, Device>;

/// An expert whose `backward` takes gradients of that type, such as its matrices in a narrower format.
template <class E, class Device, class Gradients>
concept LearnsInto = requires(const E& expert, Device& device, const typename E::Matrices& matrices,
                              const Gradients& gradients, const backend::ExpertGroups& groups,
                              backend::DeviceMatrix<const float> x, const typename E::Saved& saved,
                              const typename E::Work& work, backend::DeviceMatrix<float> dx) {
  expert.backward(device, matrices, gradients, groups, x, saved, work, x, dx);
};

}  // namespace asterism::train
