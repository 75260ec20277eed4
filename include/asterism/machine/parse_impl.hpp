// Bodies of parse.hpp.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "asterism/core/bytes.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/machine/parse.hpp"
#include "asterism/machine/probe.hpp"

namespace asterism {

namespace detail {

ASTERISM_INLINE std::string_view without_blanks(std::string_view part) {
  while (part.starts_with(' ')) part.remove_prefix(1);
  while (part.ends_with(' ')) part.remove_suffix(1);
  return part;
}

/// Of a device or disk, more than 0 bytes.
ASTERISM_INLINE Bytes parse_memory(std::string_view size) {
  const Bytes bytes = parse_bytes(size);
  if (bytes == Bytes{0}) throw InvalidArgument("a device without memory");
  const char last = size.back();
  if (bytes < 1_MiB && last >= '0' && last <= '9') {
    throw InvalidArgument(concat("'", size, "' without a unit is ", size, " bytes; was ", size,
                                 "GiB meant? Below 1 MiB a size needs its unit, such as 512KiB"));
  }
  return bytes;
}

/// Takes "@1GB/s" off the end of `device`: bytes a second, 0 where it says nothing.
ASTERISM_INLINE Bytes take_rate(std::string_view& device) {
  const std::size_t at = device.find('@');
  if (at == device.npos) return {};
  std::string_view rate = without_blanks(device.substr(at + 1));
  device = without_blanks(device.substr(0, at));
  if (!rate.ends_with("/s"))
    throw InvalidArgument(concat("the rate '", rate, "' is not a second's, such as 1GB/s"));
  rate.remove_suffix(2);
  const Bytes bytes = parse_bytes(rate);
  if (bytes == Bytes{0}) throw InvalidArgument("a rate of nothing a second");
  return bytes;
}

/// Adds "14GiB", "host:64GiB", "host" or "disk:30GB" to the machine.
ASTERISM_INLINE void add_device(std::string_view device, Machine& machine) {
  constexpr std::string_view host = "host:";
  constexpr std::string_view disk = "disk:";
  const Bytes rate = take_rate(device);
  if (device == "host") {
    machine.add(machines::this_machine().capacity[0], DeviceKind::host, rate);
  } else if (device.starts_with(host)) {
    machine.add(parse_memory(without_blanks(device.substr(host.size()))), DeviceKind::host, rate);
  } else if (device.starts_with(disk)) {
    if (machine.disk > Bytes{0}) throw InvalidArgument("a second disk");
    machine.disk = parse_memory(without_blanks(device.substr(disk.size())));
    machine.disk_rate = rate;
  } else {
    machine.add(parse_memory(device), DeviceKind::accelerator, rate);
  }
}

}  // namespace detail

ASTERISM_INLINE Machine parse_machine(std::string_view text) {
  Machine machine;
  std::size_t number = 0;
  const auto refuse = [&](const std::string& where, std::string_view why) {
    throw InvalidArgument(
        concat("machine '", text, "'", where, ": ", why,
               "; expected devices parted by commas: 14GiB for an accelerator, host:64GiB for "
               "main memory, host for what of it is free, disk:30GB for experts that take turns, "
               "each with @1GB/s behind it where the rate is known"));
  };
  std::string_view rest = text;
  for (bool more = true; more;) {
    const std::size_t comma = rest.find(',');
    more = comma != rest.npos;
    const std::string_view device = detail::without_blanks(rest.substr(0, comma));
    if (more) rest.remove_prefix(comma + 1);
    try {
      detail::add_device(device, machine);
    } catch (const InvalidArgument& error) {
      refuse(concat(", device ", number), error.what());
    }
    ++number;
  }
  if (machine.devices == 0) refuse("", "a disk alone computes nothing");
  return machine;
}

}  // namespace asterism
