// A replay with its timeline and a name, for pages and trace files.
#pragma once

#include <deque>
#include <string>
#include <string_view>

#include "asterism/lab/timed_replay.hpp"
#include "asterism/lab/timeline.hpp"

namespace asterism::lab {

/// One of several replays that are shown beside each other.
struct TimelineRun {
  std::string name;                    ///< for people
  std::string group;                   ///< runs with one group are drawn to one scale
  TimedCounts counts{};                ///< of the whole replay
  std::deque<TimelineEvent> events{};  ///< of its last tokens, in the order in which `Timeline` has them
};

namespace detail {

/// What a part was, as one word.
constexpr std::string_view name_of(Found found) {
  return found == Found::resident ? "hit" : found == Found::ahead ? "prefetched" : "miss";
}

}  // namespace detail

}  // namespace asterism::lab
