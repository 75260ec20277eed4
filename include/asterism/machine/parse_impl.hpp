// Bodies of parse.hpp.
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>

#include "asterism/core/bytes.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/machine/catalogue.hpp"
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

/// "1GB/s" for the unit "B", "400GOP/s" for "OP": so many in a second, more than 0.
ASTERISM_INLINE std::uint64_t parse_rate(std::string_view text, std::string_view unit) {
  const auto refuse = [&](std::string_view why) {
    return InvalidArgument(
        concat("the rate '", text, "' ", why,
               ", expected a number with its unit, such as 60GB/s, 1.5TB/s, 30GiB/s, 400GOP/s or "
               "150GFLOP/s"));
  };
  constexpr std::string_view second = "/s";
  constexpr std::string_view prefixes = "KMGT";
  if (!text.ends_with(second)) throw refuse("is not a second's");
  std::string_view rest = without_blanks(text.substr(0, text.size() - second.size()));
  const bool of_bytes = unit == "B";
  const bool lower = of_bytes && rest.ends_with('b');
  if (!lower && !rest.ends_with(unit)) throw refuse("has no unit");
  rest.remove_suffix(unit.size());
  const bool binary = of_bytes && (rest.ends_with('i') || rest.ends_with('I'));
  if (binary) rest.remove_suffix(1);
  const char letter = rest.empty() ? ' ' : rest.back();
  const std::size_t prefix = prefixes.find(letter >= 'a' ? static_cast<char>(letter - 'a' + 'A') : letter);
  if (prefix == prefixes.npos) throw refuse("has none of K, M, G and T before its unit");
  rest = without_blanks(rest.substr(0, rest.size() - 1));
  double value = 0;
  const auto [end, failure] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
  if (failure != std::errc{} || end != rest.data() + rest.size()) throw refuse("has no number");
  for (std::size_t i = 0; i <= prefix; ++i) value *= binary ? 1024 : 1000;
  if (lower && !binary) value /= 8;  // bits, as parse_bytes has it
  if (!(value >= 0 && value < 0x1p63)) throw refuse("is out of range");
  if (value < 1) throw InvalidArgument("a rate of nothing a second");
  return static_cast<std::uint64_t>(value);
}

/// What stands behind each "@" of a device.
struct DeviceSpeeds {
  Bytes rate{};
  std::uint64_t integer_peak = 0;
  std::uint64_t float_peak = 0;
};

/// Takes "@1GB/s", "@400GOP/s" and "@150GFLOP/s" off the end of `device`; 0 where it says nothing.
ASTERISM_INLINE DeviceSpeeds take_speeds(std::string_view& device) {
  DeviceSpeeds speeds;
  std::string_view rest = device;
  device = without_blanks(device.substr(0, device.find('@')));
  for (std::size_t at = rest.find('@'); at != rest.npos; at = rest.find('@')) {
    rest.remove_prefix(at + 1);
    const std::string_view one = without_blanks(rest.substr(0, rest.find('@')));
    std::uint64_t& to = one.ends_with("FLOP/s") ? speeds.float_peak
                        : one.ends_with("OP/s") ? speeds.integer_peak
                                                : speeds.rate.count;
    if (to > 0) throw InvalidArgument(concat("a second speed of the kind of '", one, "'"));
    to = parse_rate(one, one.ends_with("FLOP/s") ? "FLOP" : one.ends_with("OP/s") ? "OP" : "B");
  }
  return speeds;
}

/// The card of that name; nullptr where there is none.
ASTERISM_INLINE const machines::Card* find_card(std::string_view name) {
  for (const machines::Card& card : machines::cards) {
    if (card.name == name) return &card;
  }
  return nullptr;
}

/// Adds "14GiB", "rtx_3090", "host:64GiB", "host" or "disk:30GB" to the machine.
ASTERISM_INLINE void add_device(std::string_view device, Machine& machine) {
  constexpr std::string_view host = "host:";
  constexpr std::string_view disk = "disk:";
  const DeviceSpeeds speeds = take_speeds(device);
  const auto add = [&](Bytes memory, DeviceKind kind, Bytes rate) {
    machine.add(memory, kind, speeds.rate > Bytes{0} ? speeds.rate : rate);
    machine.integer_peaks[machine.devices - 1] = speeds.integer_peak;
    machine.float_peaks[machine.devices - 1] = speeds.float_peak;
  };
  if (const machines::Card* card = find_card(device)) {
    add(card->memory, DeviceKind::accelerator, card->rate);
  } else if (device == "host") {
    add(machines::this_machine().capacity[0], DeviceKind::host, {});
  } else if (device.starts_with(host)) {
    add(parse_memory(without_blanks(device.substr(host.size()))), DeviceKind::host, {});
  } else if (device.starts_with(disk)) {
    if (machine.disk > Bytes{0}) throw InvalidArgument("a second disk");
    if (speeds.integer_peak > 0 || speeds.float_peak > 0) throw InvalidArgument("a disk computes nothing");
    machine.disk = parse_memory(without_blanks(device.substr(disk.size())));
    machine.disk_rate = speeds.rate;
  } else {
    add(parse_memory(device), DeviceKind::accelerator, {});
  }
}

}  // namespace detail

ASTERISM_INLINE Machine parse_machine(std::string_view text) {
  Machine machine;
  std::size_t number = 0;
  const auto refuse = [&](const std::string& where, std::string_view why) {
    std::string names;
    for (const machines::Card& card : machines::cards) names += concat(names.empty() ? "" : ", ", card.name);
    throw InvalidArgument(
        concat("machine '", text, "'", where, ": ", why,
               "; expected devices parted by commas: 14GiB for an accelerator, host:64GiB for "
               "main memory, host for what of it is free, disk:30GB for experts that take turns, "
               "each with @1GB/s behind it where the rate is known, and @400GOP/s@150GFLOP/s where it is known "
               "what a device computes, or a card's name: ",
               names));
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

ASTERISM_INLINE void parse_link(std::string_view text, Machine& machine) {
  const std::size_t plus = text.find('+');
  try {
    machine.link_rate = {detail::parse_rate(detail::without_blanks(text.substr(0, plus)), "B")};
    machine.link_nanoseconds = 0;
    if (plus == text.npos) return;
    std::string_view latency = detail::without_blanks(text.substr(plus + 1));
    if (!latency.ends_with("us"))
      throw InvalidArgument(concat("'", latency, "' are no microseconds, such as 20us"));
    latency.remove_suffix(2);
    std::uint64_t microseconds = 0;
    const auto [end, failure] = std::from_chars(latency.data(), latency.data() + latency.size(), microseconds);
    if (failure != std::errc{} || end != latency.data() + latency.size() || microseconds > 1'000'000)
      throw InvalidArgument(concat("'", latency, "' are no microseconds, 0 to 1000000"));
    machine.link_nanoseconds = microseconds * 1000;
  } catch (const InvalidArgument& error) {
    throw InvalidArgument(concat("link '", text, "': ", error.what(),
                                 "; expected what one device sends another in a second, 12GB/s, and behind a plus "
                                 "how long the first of it takes: 12GB/s+20us"));
  }
}

}  // namespace asterism
