// Replays in simulated time as one self-contained HTML page: a table, and lanes of computing, waiting and copying.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "asterism/core/config.hpp"
#include "asterism/lab/timeline_run.hpp"

namespace asterism::lab {

/// Bytes of a page unless its table alone takes more.
inline constexpr std::size_t most_page_bytes = 1'900'000;

/// A self-contained page with inline SVG and styles for light and dark, without scripts: speeds, hits, copies and
/// waiting of each run, and below lanes for the last of its tokens, in rows of at most 16 layers: what computes, what
/// waits, what the link copies. Runs of one group have one scale. `note`, in lines, stands below the title. As many
/// tokens are drawn as `most_bytes` allow, shared by the runs; the page says how many.
std::string timeline_html(std::span<const TimelineRun> runs, std::string_view title, std::string_view note = {},
                          std::size_t most_bytes = most_page_bytes);

}  // namespace asterism::lab

#if !defined(ASTERISM_COMPILED)
#include "asterism/lab/timeline_html_impl.hpp"
#endif
