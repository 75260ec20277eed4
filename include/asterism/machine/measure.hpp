// How fast this machine reads memory and computes, measured: what a plan needs to foretell a speed.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "asterism/core/view.hpp"
#include "asterism/machine/float_peak.hpp"
#include "asterism/machine/integer_peak.hpp"
#include "asterism/machine/machine.hpp"
#include "asterism/machine/probe.hpp"
#include "asterism/machine/read_bandwidth.hpp"
#include "asterism/parallel/concept.hpp"
#include "asterism/simd/level.hpp"

namespace asterism::machines {

/// This machine's free memory as one host device, with what all threads of `execution` read of `words` and compute in a
/// second: of reading the loop with the best median, since memory gives now more and now less, of computing the best.
/// Takes about `seconds`, and once through all measurements at least; `words` should be far more than caches hold, in
/// huge pages. Throws as this_machine. Run it on a quiet machine.
template <parallel::Execution Execution>
Machine measured_machine(Execution& execution, View<const std::uint64_t> words, double seconds) {
  using Clock = std::chrono::steady_clock;
  const auto begun = Clock::now();
  constexpr std::size_t parts = 8;
  const std::size_t each = words.size / parts;
  std::array<std::vector<double>, read_streams.size()> speeds;
  double integers = 0;
  double floats = 0;
  do {
    for (std::size_t part = 0; part < parts; ++part) {
      const auto read = read_speeds(words.subview(part * each, each), execution);
      for (std::size_t loop = 0; loop < read.size(); ++loop) speeds[loop].push_back(read[loop]);
    }
    integers = std::max(integers, integer_peak(execution, simd::level()));
    floats = std::max(floats, float_peak(execution, simd::level()));
  } while (std::chrono::duration<double>(Clock::now() - begun).count() < seconds);
  double rate = 0;
  for (std::vector<double>& of_loop : speeds) {
    const auto middle = of_loop.begin() + static_cast<std::ptrdiff_t>(of_loop.size() / 2);
    std::ranges::nth_element(of_loop, middle);
    rate = std::max(rate, *middle);
  }
  Machine machine = this_machine();
  machine.rates[0] = {static_cast<std::uint64_t>(rate)};
  machine.integer_peaks[0] = static_cast<std::uint64_t>(integers);
  machine.float_peaks[0] = static_cast<std::uint64_t>(floats);
  return machine;
}

}  // namespace asterism::machines
