// Forward declarations of the room `lab`: experiments on whole runs of a model.
#pragma once

namespace asterism::lab {

struct GroupUse;
struct ReplayCounts;
struct RoutedSequence;
struct RoutingSizes;
class RoutingTrace;

}  // namespace asterism::lab
