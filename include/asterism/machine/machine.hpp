// The hardware as plans see it: the memory and the kind of each device, the disk, and how fast they are.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "asterism/core/bytes.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"

namespace asterism {

/// Kind of a device, by its memory.
enum class DeviceKind : std::uint8_t {
  accelerator,  ///< fast memory with processors of its own: a GPU, or a logical device in its place
  host          ///< main memory; the processor computes
};

/// The devices of one machine, in the order in which a decoder's layers pass through them, and its disk. A structural
/// type, so it can be a template argument: `fits<B, machines::dual_16gb, 14_GiB>()`.
struct Machine {
  static constexpr std::size_t max_devices = 8;

  std::array<Bytes, max_devices> capacity{};    ///< memory of each device; entries from `devices` on are unused
  std::size_t devices = 0;                      ///< 1 to max_devices
  std::array<DeviceKind, max_devices> kinds{};  ///< of each device; accelerators by default
  std::array<Bytes, max_devices> rates{};       ///< what each device reads of its memory in a second while it
                                                ///< computes, or others copy from it; 0: unknown
  std::array<std::uint64_t, max_devices>
      integer_peaks{};                                   ///< multiplications and additions of 8-bit integers that
                                                         ///< each makes in a second at most; 0: unknown
  std::array<std::uint64_t, max_devices> float_peaks{};  ///< the same of float32
  Bytes disk{};                        ///< room on a disk for experts that take turns; 0: not known
  Bytes disk_rate{};                   ///< what is read of the disk in a second; 0: unknown
  Bytes link_rate{};                   ///< what one device sends another in a second; 0: unknown
  std::uint64_t link_nanoseconds = 0;  ///< until the first of it arrives

  friend constexpr bool operator==(const Machine&, const Machine&) = default;

  constexpr bool is_host(std::size_t device) const { return kinds[device] == DeviceKind::host; }

  /// Appends a device. Throws InvalidArgument beyond max_devices.
  constexpr void add(Bytes bytes, DeviceKind kind, Bytes rate = {}) {
    if (devices >= max_devices) {
      throw InvalidArgument(concat("a machine has 1 to ", max_devices, " devices, not more"));
    }
    capacity[devices] = bytes;
    kinds[devices] = kind;
    rates[devices] = rate;
    ++devices;
  }

  /// The same machine without its host devices; may have no device left.
  constexpr Machine accelerators() const {
    Machine out;
    for (std::size_t i = 0; i < devices; ++i) {
      if (is_host(i)) continue;
      out.add(capacity[i], kinds[i], rates[i]);
      out.integer_peaks[out.devices - 1] = integer_peaks[i];
      out.float_peaks[out.devices - 1] = float_peaks[i];
    }
    out.disk = disk;
    out.disk_rate = disk_rate;
    out.link_rate = link_rate;
    out.link_nanoseconds = link_nanoseconds;
    return out;
  }

  /// The same machine with the capacity of each device limited to `limit`.
  constexpr Machine limited_to(Bytes limit) const {
    Machine out = *this;
    for (std::size_t i = 0; i < devices; ++i) out.capacity[i] = capacity[i] < limit ? capacity[i] : limit;
    return out;
  }
};

/// `count` equal accelerators of `each` bytes. Throws InvalidArgument unless 1 <= count <= Machine::max_devices.
constexpr Machine equal_devices(std::size_t count, Bytes each) {
  if (count < 1 || count > Machine::max_devices) {
    throw InvalidArgument(concat("a machine has 1 to ", Machine::max_devices, " devices, not ", count));
  }
  Machine machine{.capacity = {}, .devices = count};
  for (std::size_t i = 0; i < count; ++i) machine.capacity[i] = each;
  return machine;
}

}  // namespace asterism
