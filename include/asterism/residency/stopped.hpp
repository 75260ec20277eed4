// What ends a pass that was cancelled while experts were on their way.
#pragma once

namespace asterism::residency {

/// Thrown by Slots::visit where a stop was requested. No Error: the network catches it, and answers that the pass is
/// not complete.
struct Stopped {};

}  // namespace asterism::residency
