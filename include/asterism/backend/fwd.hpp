// Names of the room `backend`: devices, their memory, and the operations on it.
#pragma once

#include "asterism/parallel/fwd.hpp"
#include "asterism/quant/fwd.hpp"

namespace asterism::backend {

struct MemorySource;
class Arena;
class Buffer;
template <class T>
struct DeviceMatrix;
template <class Format>
struct DeviceWeights;
struct Groups;
class Cursor;
template <class Format>
struct KvRow;
template <class Format>
struct DeviceKv;
struct Visible;
struct Checks;

template <class Format>
struct Product;
template <class Format>
struct Experts;

template <class Execution, class Activation>
class HostProducts;
template <class Execution, class Activation = quant::ActivationExact>
class BasicHost;
using Host = BasicHost<parallel::Threads>;
using Host8 = BasicHost<parallel::Threads, quant::Activation8>;
using SerialHost = BasicHost<parallel::Serial>;

}  // namespace asterism::backend
