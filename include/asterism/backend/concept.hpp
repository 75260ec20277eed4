// The contract of a backend: one logical device, its memory, and the operations of a decoder on it.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "asterism/backend/arena.hpp"
#include "asterism/backend/groups.hpp"
#include "asterism/backend/operand.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/view.hpp"
#include "asterism/gating/concept.hpp"

namespace asterism::backend {

namespace needs {

template <class B>
concept arena = requires(B& device) {
  { device.arena() } -> std::same_as<Arena&>;
};

template <class B>
concept allocate = requires(B& device, Bytes size, std::string_view holder) {
  { device.allocate(size, holder) } -> std::same_as<Buffer>;
};

template <class B>
concept upload = requires(B& device, MatrixView<const float> from, DeviceMatrix<float> to) {
  device.upload(from, to);
};

template <class B>
concept download = requires(B& device, DeviceMatrix<const float> from, MatrixView<float> to) {
  device.download(from, to);
};

template <class B>
concept receive = requires(B& device, DeviceMatrix<const float> from, DeviceMatrix<float> to) {
  { device.receive(from, to) } -> std::same_as<DeviceMatrix<float>>;
};

template <class B>
concept synchronize = requires(B& device) {
  device.synchronize();
};

template <class B>
concept rms_norm = requires(B& device, DeviceMatrix<const float> x, float epsilon, DeviceMatrix<float> y) {
  device.rms_norm(x, x, epsilon, y);
};

template <class B>
concept add = requires(B& device, DeviceMatrix<const float> x, DeviceMatrix<float> y) {
  device.add(x, y);
};

template <class B>
concept group = requires(B& device, DeviceMatrix<const gating::Route> routes, Groups groups) {
  device.group(routes, groups);
};

}  // namespace needs

/// A backend object is one logical device: an arena with a budget, and operations that run there.
///
/// 1. `allocate(size, holder)` draws from the arena; `upload`, `download` move between host memory and the device.
/// 2. `receive(from, to)` is the hand-over: copies a matrix of any device to `to` on this one and returns it.
/// 3. Every operation throws WrongDevice unless all its operands live on this device, and InvalidArgument unless
/// their
///    shapes agree; nothing is computed then.
/// 4. Results equal the naive reference within the bound that the operation states, and have the same bits for any
///    number of threads. Operations run in the order of the calls; `synchronize` returns when all have finished.
/// 5. Operations allocate nothing. One thread at a time drives a device.
///
/// Beside the members checked here a backend has the operations that BasicHost documents: embed, product,
/// grouped_product, rotary_tables, rotate, append_kv, attend, route, gather, silu_multiply, combine.
///
/// Models: BasicHost.
template <class B>
concept Backend = needs::arena<B> && needs::allocate<B> && needs::upload<B> && needs::download<B> &&
    needs::receive<B> && needs::synchronize<B> && needs::rms_norm<B> && needs::add<B> && needs::group<B>;

}  // namespace asterism::backend
