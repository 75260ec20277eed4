// Forward declarations of the room `observe`: what a run reports.
#pragma once

namespace asterism::observe {

struct Choice;
struct None;
struct Span;
class Balance;
class Counts;
class FullTrace;
class Laps;
class RecentUse;
class Timeline;
class Trace;

}  // namespace asterism::observe
