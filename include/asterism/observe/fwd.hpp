// Forward declarations of the room `observe`: what a run reports.
#pragma once

namespace asterism::observe {

struct Choice;
struct None;
class Balance;
class Counts;
class FullTrace;
class Trace;

}  // namespace asterism::observe
