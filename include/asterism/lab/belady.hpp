// The most hits that any cache can have on a trace.
#pragma once

#include <cstdint>

#include "asterism/lab/replay.hpp"
#include "asterism/lab/routing_trace.hpp"

namespace asterism::lab {

/// What the best cache of `slots` parts of equal size, empty at first, counts on the trace as `replay` walks it: of
/// the residents and the parts of each step it keeps the ones that are used again soonest, and none that is never
/// used again. It is bound by no rule of caches but its size: it may bypass, and drop a part of the step right after
/// its use. So no cache has more hits; its fetches are not the fewest. Bytes are counted as if every part had one.
///
/// Why it is the best: a part between two uses is an interval that is kept whole or not at all, at most `slots` overlap
/// at any time, and where more do, dropping the one that ends last loses least.
/// Sources: Belady: A study of replacement algorithms for a virtual-storage computer, IBM Systems Journal 5(2), 1966;
/// Carlisle, Lloyd: On the k-coloring of intervals, Discrete Applied Mathematics 59, 1995.
ReplayCounts belady(const RoutingTrace& trace, std::uint64_t slots);

}  // namespace asterism::lab

#if !defined(ASTERISM_COMPILED)
#include "asterism/lab/belady_impl.hpp"
#endif
