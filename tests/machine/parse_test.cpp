// Machines from command lines.
#include "asterism/machine/parse.hpp"

#include <string>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/machine/catalogue.hpp"
#include "asterism/machine/machine.hpp"

using namespace asterism;

namespace {

std::string refusal(std::string_view text) {
  try {
    parse_machine(text);
  } catch (const InvalidArgument& error) {
    return error.what();
  }
  return {};
}

bool contains(const std::string& text, std::string_view part) { return text.find(part) != text.npos; }

}  // namespace

TEST_CASE("a list of sizes is a machine of accelerators") {
  CHECK(parse_machine("16GiB,16GiB") == equal_devices(2, 16_GiB));
  CHECK(parse_machine("16GB") == equal_devices(1, 16_GB));
  CHECK(parse_machine(" 800MB , 2097152 ") == Machine{.capacity = {800_MB, 2_MiB}, .devices = 2});
  CHECK(parse_machine("1GiB,2GiB,3GiB,4GiB,5GiB,6GiB,7GiB,8GiB").capacity[7] == 8_GiB);
}

TEST_CASE("main memory is a device of its own kind") {
  const Machine machine = parse_machine("14GiB,14GiB,host:64GiB");
  CHECK(machine.devices == 3);
  CHECK(machine.capacity[2] == 64_GiB);
  CHECK(machine.is_host(2));
  CHECK_FALSE(machine.is_host(1));
  CHECK(machine.accelerators() == equal_devices(2, 14_GiB));
  CHECK(parse_machine("host: 2GiB,1GiB").is_host(0));
  const Machine probed = parse_machine("1GiB,host");
  CHECK(probed.is_host(1));
  CHECK(probed.capacity[1] > 1_MiB);
}

TEST_CASE("a disk, and how much is read in a second") {
  const Machine machine = parse_machine("host:12GiB@20GB/s, disk: 30GB @ 1GB/s");
  CHECK(machine.devices == 1);
  CHECK(machine.is_host(0));
  CHECK(machine.capacity[0] == 12_GiB);
  CHECK(machine.rates[0] == 20_GB);
  CHECK(machine.disk == 30_GB);
  CHECK(machine.disk_rate == 1_GB);
  CHECK(parse_machine("disk:30GB,14GiB").disk == 30_GB);
  CHECK(parse_machine("disk:30GB,14GiB").disk_rate == 0_B);
  CHECK(parse_machine("1GiB@500MB/s,1GiB").rates[0] == 500_MB);
  CHECK(parse_machine("host@1GiB/s").rates[0] == 1_GiB);
  CHECK(parse_machine("host:12GiB,disk:30GB") == machines::ram12_disk30);
  CHECK(contains(refusal("disk:30GB"), "a disk alone computes nothing"));
  CHECK(contains(refusal("1GiB,disk:1GB,disk:1GB"), "device 2: a second disk"));
  CHECK(contains(refusal("1GiB,disk:0GB"), "device 1: a device without memory"));
  CHECK(contains(refusal("1GiB@1GB"), "device 0: the rate '1GB' is not a second's"));
  CHECK(contains(refusal("1GiB@0GB/s"), "a rate of nothing a second"));
  CHECK(contains(refusal("1GiB@/s"), "has no unit"));
  CHECK(contains(refusal("disk:30"), "'30' without a unit is 30 bytes; was 30GiB meant?"));
}

TEST_CASE("what is no machine is refused with the device and what is accepted") {
  for (const char* text : {"", "16GiB,", ",16GiB", "16GiB;16GiB", "two", "host:", "host:x", "cpu:1GiB", "-1GiB",
                           "hosts", "16GiB 16GiB"}) {
    CAPTURE(text);
    const std::string message = refusal(text);
    CHECK(contains(message, concat("machine '", text, "'")));
    CHECK(contains(message, "host:64GiB"));
    CHECK(contains(message, "is no memory size"));
  }
  CHECK(contains(refusal("16GiB,"), "device 1: ''"));
  CHECK(contains(refusal("0,5GiB"), "device 0: a device without memory"));
  CHECK(contains(refusal("1GB,1GB,1GB,1GB,1GB,1GB,1GB,1GB,1GB"), "device 8: a machine has 1 to 8 devices"));
}

TEST_CASE("a forgotten unit is no machine with a few bytes") {
  CHECK(contains(refusal("14GiB,14"), "device 1: '14' without a unit is 14 bytes; was 14GiB meant?"));
  CHECK(contains(refusal("host:64"), "device 0: '64' without a unit"));
  CHECK(contains(refusal("1048575"), "without a unit"));
  CHECK(parse_machine("1048576").capacity[0] == 1_MiB);
  CHECK(parse_machine("16KiB").capacity[0] == 16_KiB);
}

TEST_CASE("a card's name is its memory and its rate") {
  const Machine machine = parse_machine("rtx_4060_ti_16gb, rtx_3090@900GB/s,host:64GiB@60GB/s");
  CHECK(machine.devices == 3);
  CHECK(machine.capacity[0] == 16_GiB);
  CHECK(machine.rates[0] == 288_GB);
  CHECK(machine.capacity[1] == 24_GiB);
  CHECK(machine.rates[1] == 900_GB);  // what is said goes before what is known
  CHECK_FALSE(machine.is_host(1));
  for (const machines::Card& card : machines::cards) CHECK(parse_machine(card.name).rates[0] == card.rate);
  CHECK(contains(refusal("rtx_3091"), "device 0: 'rtx_3091' is no memory size"));
  CHECK(contains(refusal("rtx_3091"), "or a card's name: t4, v100_16gb, rtx_3090, "));
  CHECK(contains(refusal("host:rtx_3090"), "device 0: 'rtx_3090' is no memory size"));
}

TEST_CASE("what a device computes in a second stands behind its memory") {
  const Machine machine = parse_machine("1GiB@2GB/s@400GOP/s @ 150.5GFLOP/s,host:1GiB@9MFLOP/s");
  CHECK(machine.rates[0] == 2_GB);
  CHECK(machine.integer_peaks[0] == 400'000'000'000);
  CHECK(machine.float_peaks[0] == 150'500'000'000);
  CHECK(machine.rates[1] == 0_B);
  CHECK(machine.integer_peaks[1] == 0);
  CHECK(machine.float_peaks[1] == 9'000'000);
  CHECK(contains(refusal("1GiB@1GB/s@2GB/s"), "device 0: a second speed of the kind of '2GB/s'"));
  CHECK(contains(refusal("1GiB@1GOP/s@2GOP/s"), "a second speed of the kind of '2GOP/s'"));
  CHECK(contains(refusal("1GiB@1GFLOP"), "the rate '1GFLOP' is not a second's"));
  CHECK(contains(refusal("1GiB@xOP/s"), "the rate 'xOP/s' has none of K, M, G and T"));
  CHECK(contains(refusal("1GiB@xGOP/s"), "the rate 'xGOP/s' has no number"));
  CHECK(contains(refusal("1GiB@0GOP/s"), "a rate of nothing a second"));
  CHECK(contains(refusal("1GiB,disk:1GB@1GOP/s"), "device 1: a disk computes nothing"));
}

TEST_CASE("a rate has its unit, and is named as it was given") {
  CHECK(parse_machine("1GiB@1.5TB/s").rates[0] == 1500_GB);
  CHECK(parse_machine("1GiB@2TiB/s").rates[0] == 2048_GiB);
  CHECK(parse_machine("1GiB@2 GiB/s").rates[0] == 2_GiB);
  CHECK(parse_machine("1GiB@8Gb/s").rates[0] == 1_GB);  // bits
  CHECK(parse_machine("1GiB@1.5TOP/s").integer_peaks[0] == 1'500'000'000'000);
  CHECK(parse_machine("1GiB@2TFLOP/s").float_peaks[0] == 2'000'000'000'000);
  CHECK(contains(refusal("1GiB@60/s"), "the rate '60/s' has no unit, expected"));
  CHECK(contains(refusal("1GiB@60B/s"), "the rate '60B/s' has none of K, M, G and T"));
  CHECK(contains(refusal("1GiB@/s"), "the rate '/s' has no unit"));
  CHECK(contains(refusal("1GiB@GB/s"), "the rate 'GB/s' has no number"));
  CHECK(contains(refusal("1GiB@-1GB/s"), "the rate '-1GB/s' is out of range"));
  CHECK(contains(refusal("1GiB@1e300GB/s"), "is out of range"));
  CHECK(contains(refusal("1GiB@400GiOP/s"), "the rate '400GiOP/s' has none"));
  CHECK(contains(refusal("1GiB@400GiFLOP/s"), "the rate '400GiFLOP/s' has none"));
  CHECK(contains(refusal("1GiB@400GOPS/s"), "the rate '400GOPS/s' has no unit"));
  CHECK(contains(refusal("1GiB@60/s"), "@1GB/s"));
  CHECK(contains(refusal("1GiB@60/s"), "@400GOP/s@150GFLOP/s"));
}

TEST_CASE("a link has a rate and may have a latency") {
  Machine machine = equal_devices(2, 1_GiB);
  parse_link("12GB/s", machine);
  CHECK(machine.link_rate == 12_GB);
  CHECK(machine.link_nanoseconds == 0);
  parse_link(" 25GB/s + 20us ", machine);
  CHECK(machine.link_rate == 25_GB);
  CHECK(machine.link_nanoseconds == 20'000);
  for (const char* text : {"", "12GB", "12/s", "0GB/s", "12GB/s+", "12GB/s+20", "12GB/s+20ms", "12GB/s+-1us",
                           "12GB/s+2x0us", "12GB/s+1000001us"}) {
    CAPTURE(text);
    std::string message;
    try {
      parse_link(text, machine);
    } catch (const InvalidArgument& error) {
      message = error.what();
    }
    CHECK(contains(message, concat("link '", text, "'")));
    CHECK(contains(message, "12GB/s+20us"));
  }
}
