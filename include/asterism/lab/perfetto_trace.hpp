// Timelines in the Trace Event Format, which Perfetto (ui.perfetto.dev) and Chrome (chrome://tracing) show.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/lab/timeline_run.hpp"
#include "asterism/observe/timeline.hpp"

namespace asterism::lab {

/// A JSON object whose `traceEvents` are those of the runs: each run a process with three tracks, what computes or
/// waits, copies on demand, copies ahead. Complete events (`ph` X), times in microseconds to the nanosecond, those of
/// one track without overlap. `args` say token, layer, expert, what the expert was found to be (`hit`, `prefetched`,
/// `miss`) and whether a copy ahead was `used` or `wasted`. About 150 bytes an event.
/// Source: Google, Trace Event Format (2016).
std::string perfetto_trace(std::span<const TimelineRun> runs);

/// The same of what a run told an observe::Timeline, as one process of that name, from the first span on: a track for
/// passes, what they do and what they wait for, and as many for copies as were under way at a time. Evictions are
/// instants (`ph` i). `args` say device, layer, expert and rows, where there are any.
std::string perfetto_trace(View<const observe::Span> spans, std::string_view name);

}  // namespace asterism::lab

#if !defined(ASTERISM_COMPILED)
#include "asterism/lab/perfetto_trace_impl.hpp"
#endif
