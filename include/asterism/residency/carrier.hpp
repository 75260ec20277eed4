// What brings experts from their homes into the slots of a device.
#pragma once

#include <concepts>
#include <cstddef>

#include "asterism/backend/concept.hpp"
#include "asterism/core/part_id.hpp"
#include "asterism/core/view.hpp"
#include "asterism/file/reader_threads.hpp"
#include "asterism/residency/host_carrier.hpp"

namespace asterism::residency {

/// A carrier belongs to the slots of one device and knows the homes.
///
/// 0. `reserve(most)`: so many are under way at most; after that nothing is allocated.
/// 1. `ask(part, slot)`: the slab of `part`, a part of the homes, is to be brought into `slot`, behind all that was
///    asked for; work of the device that was queued before still finds there what was there. Returns a ticket,
///    never 0. Where it throws, nothing is under way for this part.
/// 2. `wait(ticket)`: work that is queued on the device from now on finds the slab in its slot. Throws where it could
///    not be brought. A ticket is spent by this or the next.
/// 3. `cancel(ticket)`: it is not needed. What is asked for later in the same slot comes later. Returns the bytes that
///    were brought all the same.
/// 4. `piece()`: at most so many bytes of what is given up are brought before anything else.
///
/// `waits`: whether `wait` returns only when the slab is there, so that its time can be measured: it then returns the
/// file::ReaderThreads::Arrival.
///
/// Not thread-safe.
///
/// Models: HostCarrier, cuda::Carrier.
template <class C>
concept Carrier = requires(C& carrier, const C& constant, PartId part, View<std::byte> slot,
                           typename C::Ticket ticket) {
  { carrier.ask(part, slot) } -> std::same_as<typename C::Ticket>;
  carrier.reserve(std::size_t{1});
  carrier.wait(ticket);
  { carrier.cancel(ticket) } -> std::same_as<std::size_t>;
  { constant.piece() } -> std::same_as<std::size_t>;
  { C::waits } -> std::convertible_to<bool>;
  requires !C::waits || std::same_as<decltype(carrier.wait(ticket)), file::ReaderThreads::Arrival>;
};

namespace detail {
template <class Device>
struct CarrierOf {
  using Type = typename Device::Carrier;
};
template <backend::InHostMemory Device>
struct CarrierOf<Device> {
  using Type = HostCarrier;
};
}  // namespace detail

/// The carrier of a backend: its own, or for memory of the host HostCarrier.
template <class Device>
using CarrierOf = typename detail::CarrierOf<Device>::Type;

}  // namespace asterism::residency
