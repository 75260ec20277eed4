// Names of the room `cuda`: GPUs as logical devices. Headers that end in .hpp are plain C++ and need nothing of CUDA;
// those that end in .cuh are for kernels.cu, the one source, which the CMake target asterism::cuda adds.
#pragma once

namespace asterism::cuda {

class CudaError;
class Queue;
class Peers;
class Backend;
struct StoredMatrix;
struct StoredKv;

}  // namespace asterism::cuda
