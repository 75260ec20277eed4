// Names of the room `observe`: what a run can tell.
#pragma once

namespace asterism::observe {

struct None;
class Counts;

}  // namespace asterism::observe
