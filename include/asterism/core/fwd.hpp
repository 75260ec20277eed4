// Forward declarations of the room `core`, which every other room may use.
#pragma once

#include <cstdint>

namespace asterism {

/// Index of a token in a vocabulary, 0 <= id < Shape::vocabulary.
using TokenId = std::int32_t;

template <class T>
struct View;
template <class T>
struct MatrixView;
struct Bytes;
struct PartId;
struct NoHook;
class Error;
class Random;
class ProgressSink;

}  // namespace asterism
