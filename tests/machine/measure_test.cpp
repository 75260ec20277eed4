// What measures this machine.
#include "asterism/machine/measure.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/view.hpp"
#include "asterism/machine/float_peak.hpp"
#include "asterism/machine/integer_peak.hpp"
#include "asterism/machine/machine.hpp"
#include "asterism/parallel/threads.hpp"
#include "asterism/simd/level.hpp"

using namespace asterism;

TEST_CASE("a measured machine has speeds where its instructions have loops") {
  parallel::Threads threads(1);
  const std::vector<std::uint64_t> words(std::size_t{1} << 23U, 1);  // 64 MiB: eight parts of two pieces
  const Machine machine = machines::measured_machine(threads, View<const std::uint64_t>(words), 0);
  CHECK(machine.devices == 1);
  CHECK(machine.is_host(0));
  CHECK(machine.rates[0] > 10_MB);
  CHECK(machine.rates[0] < 100'000_GB);
  const bool has_loops = simd::contains(simd::level(), simd::Level::avx2);
  CHECK((machine.integer_peaks[0] > 1'000'000) == has_loops);
  CHECK((machine.float_peaks[0] > 1'000'000) == has_loops);
}

TEST_CASE("no peak is claimed without instructions of its own") {
  parallel::Threads threads(1);
  CHECK(machines::integer_peak(threads, simd::Level::portable) == 0);
  CHECK(machines::float_peak(threads, simd::Level::portable) == 0);
}
