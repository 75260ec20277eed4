// Fills the last device first, so that the first ones stay free for something else.
#pragma once

#include "asterism/machine/machine.hpp"
#include "asterism/placement/sequential.hpp"

using namespace asterism;

struct FromBehind {
  static constexpr placement::Plan plan(const placement::MemoryFootprint& footprint, const Machine& machine) {
    for (const bool copy_tied_head : {true, false}) {
      const placement::Plan filled = fill(footprint, machine, copy_tied_head);
      if (filled.cuts[0] == 0 && filled.fits()) return filled;
    }
    return placement::Sequential::plan(footprint, machine);  // its fits() says that nothing does
  }

 private:
  static constexpr placement::Plan fill(const placement::MemoryFootprint& footprint, const Machine& machine,
                                        bool copy_tied_head) {
    placement::Cuts cuts{};
    for (std::int32_t& cut : cuts) cut = footprint.layers;
    for (std::size_t d = machine.devices; d-- > 0;) {
      std::int32_t& begin = cuts[d] = cuts[d + 1];
      while (begin > 0 &&
             placement::bytes_of_cut(footprint, begin - 1, cuts[d + 1], copy_tied_head) <= machine.capacity[d]) {
        --begin;
      }
    }
    return placement::assemble(footprint, machine, cuts, copy_tied_head);
  }
};
