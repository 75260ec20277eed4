// Forward declarations of the room `lab`: experiments on whole runs of a model.
#pragma once

namespace asterism::lab {

struct GroupUse;
struct ImportOptions;
struct ReplayCounts;
struct RoutedSequence;
struct RoutingSizes;
class RoutingTrace;
class SimulatedTime;
struct StepTimes;
struct SyntheticRoutes;
struct TimedCounts;
struct TimedOptions;
class Timeline;
struct TimelineEvent;
struct TimelineRun;

}  // namespace asterism::lab
