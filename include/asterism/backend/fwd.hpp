// Forward declarations of the room `backend`: devices, their memory, and the operations on it.
#pragma once

#include "asterism/parallel/fwd.hpp"
#include "asterism/quant/fwd.hpp"

namespace asterism::backend {

struct MemorySource;
class Arena;
class Buffer;
class Region;
template <class T>
struct DeviceMatrix;
template <class Format>
struct DeviceWeights;
struct ExpertGroups;
class Layout;
template <class Format>
struct KvFormat;
template <class Format>
struct KvView;
struct AttentionSpan;
struct Checks;
struct DeltaHeads;

template <class Format>
struct Product;
template <class Format>
struct Experts;

class HostProducts;
class HostDevice;
template <class Execution, class Activation = quant::Float32Activations>
class BasicHost;
using Host = BasicHost<parallel::Threads>;
using HostA8 = BasicHost<parallel::Threads, quant::Int8Activations>;
using HostWideA8 = BasicHost<parallel::Threads, quant::WideInt8Activations>;
using SerialHost = BasicHost<parallel::Serial>;
template <class Execution>
class BasicTrainingHost;
using TrainingHost = BasicTrainingHost<parallel::Threads>;

}  // namespace asterism::backend
