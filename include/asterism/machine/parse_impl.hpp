// Bodies of parse.hpp.
#pragma once

#include <cstddef>

#include "asterism/core/bytes.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/machine/parse.hpp"
#include "asterism/machine/probe.hpp"

namespace asterism {

ASTERISM_INLINE Machine parse_machine(std::string_view text) {
  const auto trimmed = [](std::string_view part) {
    while (part.starts_with(' ')) part.remove_prefix(1);
    while (part.ends_with(' ')) part.remove_suffix(1);
    return part;
  };
  constexpr std::string_view host = "host:";
  Machine machine;
  std::string_view rest = text;
  for (bool more = true; more;) {
    const std::size_t comma = rest.find(',');
    more = comma != rest.npos;
    std::string_view device = trimmed(rest.substr(0, comma));
    if (more) rest.remove_prefix(comma + 1);
    try {
      if (device == "host") {
        machine.add(machines::this_machine().capacity[0], DeviceKind::host);
        continue;
      }
      const DeviceKind kind = device.starts_with(host) ? DeviceKind::host : DeviceKind::accelerator;
      if (kind == DeviceKind::host) device = trimmed(device.substr(host.size()));
      const Bytes bytes = parse_bytes(device);
      if (bytes == Bytes{0}) throw InvalidArgument("a device without memory");
      const char last = device.back();
      if (bytes < 1_MiB && last >= '0' && last <= '9') {
        throw InvalidArgument(concat("'", device, "' without a unit is ", device, " bytes; was ", device,
                                     "GiB meant? Below 1 MiB a size needs its unit, such as 512KiB"));
      }
      machine.add(bytes, kind);
    } catch (const InvalidArgument& error) {
      throw InvalidArgument(concat("machine '", text, "', device ", machine.devices, ": ", error.what(),
                                   "; expected devices parted by commas: 14GiB for an accelerator, host:64GiB for "
                                   "main memory, host for what of it is free"));
    }
  }
  return machine;
}

}  // namespace asterism
