// Forward declarations of the room `cache`: which parts stay in fast memory.
#pragma once

namespace asterism::cache {

struct Admission;
class Parts;
class Queues;
class Residents;
class Ranked;

class All;
class Arc;
class DecayedUse;
class Hazard;
class LeastFrequent;
class LeastRecent;
class S3Fifo;
class Static;

}  // namespace asterism::cache
