// Forward declarations of the room `parallel`: execution policies.
#pragma once

namespace asterism::parallel {

class Serial;
class Threads;

}  // namespace asterism::parallel
