// Timelines in the Trace Event Format, which Perfetto (ui.perfetto.dev) and Chrome (chrome://tracing) show.
#pragma once

#include <span>
#include <string>

#include "asterism/core/config.hpp"
#include "asterism/lab/timeline_run.hpp"

namespace asterism::lab {

/// A JSON object whose `traceEvents` are those of the runs: each run a process with three tracks, what computes or
/// waits, copies on demand, copies ahead. Complete events (`ph` X), times in microseconds to the nanosecond, those of
/// one track without overlap. `args` say token, layer, expert, what the expert was found to be (`hit`, `prefetched`,
/// `miss`) and whether a copy ahead was `used` or `wasted`. About 150 bytes an event.
/// Source: Google, Trace Event Format (2016).
std::string perfetto_trace(std::span<const TimelineRun> runs);

}  // namespace asterism::lab

#if !defined(ASTERISM_COMPILED)
#include "asterism/lab/perfetto_trace_impl.hpp"
#endif
