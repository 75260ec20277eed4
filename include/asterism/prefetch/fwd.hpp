// Forward declarations of the room `prefetch`: which parts a run will need next, and whether to copy them ahead.
#pragma once

#include <cstdint>

namespace asterism::prefetch {

enum class Phase : std::uint8_t;
struct Extent;
struct Prediction;
struct Routing;

class Learned;
class MultiLayer;
class NextGate;
class Pattern;
class PreGated;
class PreviousLayer;
template <class... Predictors>
class Mixture;
using Adaptive = Mixture<PreviousLayer, MultiLayer, Pattern, Learned, NextGate>;

class Confidence;
struct VetoOptions;
class Veto;

}  // namespace asterism::prefetch
