// Forward declarations of the room `cuda`: GPUs as logical devices. Headers ending in .hpp are plain C++ and need
// no part of CUDA; those ending in .cuh are for kernels.cu, the only source, which the CMake target asterism::cuda
// adds.
#pragma once

namespace asterism::cuda {

class CudaError;
class Event;
class Queue;
class Peers;
class Backend;
class Carrier;
class FlatRows;
struct StoredMatrix;
struct StoredKv;
struct Nearest;
struct Ranked;

}  // namespace asterism::cuda
