// Fills the last device first, so that the first ones stay free for something else.
#pragma once

#include "asterism/machine/machine.hpp"
#include "asterism/placement/sequential.hpp"

using namespace asterism;

struct FromBehind {
  static constexpr placement::Plan plan(const placement::MemoryFootprint& parts, const Machine& machine) {
    for (const bool copy_tied_head : {true, false}) {
      const placement::Plan filled = fill(parts, machine, copy_tied_head);
      if (filled.cuts[0] == 0 && filled.fits()) return filled;
    }
    return placement::Sequential::plan(parts, machine);  // its fits() says that nothing does
  }

 private:
  static constexpr placement::Plan fill(const placement::MemoryFootprint& parts, const Machine& machine,
                                        bool copy_tied_head) {
    placement::Cuts cuts{};
    for (std::int32_t& cut : cuts) cut = parts.layers;
    for (std::size_t d = machine.devices; d-- > 0;) {
      std::int32_t& begin = cuts[d] = cuts[d + 1];
      while (begin > 0 &&
             placement::bytes_of_cut(parts, begin - 1, cuts[d + 1], copy_tied_head) <= machine.capacity[d]) {
        --begin;
      }
    }
    return placement::assemble(parts, machine, cuts, copy_tied_head);
  }
};
