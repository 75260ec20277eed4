// Forward declarations of the room `engine`: computation without files and text.
#pragma once

namespace asterism::engine {

template <class B>
class Engine;
template <class B>
class Sequence;
template <class B>
class Step;

}  // namespace asterism::engine
