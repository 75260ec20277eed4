// A CUDA that runs on the CPU, just large enough for kernels.cu: g++ compiles the kernels as they are, and their
// indices, barriers and shuffles are tested where there is no GPU. It knows nothing of speed, of memory that host and
// device do not share, or of rounding that differs; what a GPU does shows only on a GPU.
//
// Work of a stream is done as late as its events and waits allow, so that what nothing orders is done in the wrong order;
// where ASTERISM_EMULATED_COPIES=early, a stream that only copies is as early as they allow. Blocks of a kernel run one
// after the other. The threads of a block are fibers; a warp runs until all of
// it waits for the block, then the next, in ascending order, or in descending order where
// ASTERISM_EMULATED_ORDER=descending: what a missing barrier would have ordered shows in one of the two. A barrier that not
// all threads reach ends the program.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>

#define __global__
#define __device__
#define __host__
#define __shared__ static
#define __launch_bounds__(...)

struct dim3 {
  unsigned x = 1;
  unsigned y = 1;
  unsigned z = 1;
  dim3() = default;
  dim3(unsigned a, unsigned b, unsigned c) : x(a), y(b), z(c) {}
};

/// Of the thread that runs now.
extern dim3 threadIdx;
extern dim3 blockIdx;
extern dim3 blockDim;
extern dim3 gridDim;

namespace asterism::emulator {

/// Runs body() for every thread of every block.
void run_grid(dim3 grid, dim3 block, const std::function<void()>& body);
struct Stream;
/// Queues work() on a stream.
void queue_kernel(Stream* stream, std::function<void()> work);
/// Waits for the other threads of the block, or of the warp.
void block_barrier();
void warp_barrier();
/// Hands a value of at most 8 bytes to the other lanes, and takes that of `lane`.
std::uint64_t exchange(std::uint64_t value, unsigned lane);

template <class T>
T exchanged(T value, unsigned lane) {
  static_assert(sizeof(T) <= sizeof(std::uint64_t));
  std::uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof value);
  bits = exchange(bits, lane);
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

}  // namespace asterism::emulator

inline void __syncthreads() { asterism::emulator::block_barrier(); }
inline void __syncwarp() { asterism::emulator::warp_barrier(); }
template <class T>
T __shfl_sync(unsigned /*all*/, T value, int lane) {
  return asterism::emulator::exchanged(value, static_cast<unsigned>(lane));
}
template <class T>
T __shfl_xor_sync(unsigned /*all*/, T value, int mask) {
  return asterism::emulator::exchanged(value, (threadIdx.x % 32) ^ static_cast<unsigned>(mask));
}

// The runtime: streams, events, and memory of the host. Two GPUs, so that logical devices on different ones are tried.

using cudaError_t = int;
using cudaStream_t = asterism::emulator::Stream*;
using cudaEvent_t = struct EmulatedEvent*;
enum cudaMemcpyKind { cudaMemcpyDefault };
inline constexpr cudaError_t cudaSuccess = 0;
inline constexpr cudaError_t cudaErrorMemoryAllocation = 2;
inline constexpr cudaError_t cudaErrorNotReady = 600;
inline constexpr unsigned cudaStreamNonBlocking = 1;
inline constexpr unsigned cudaEventDisableTiming = 2;
inline constexpr unsigned cudaHostAllocPortable = 1;
inline constexpr unsigned cudaHostAllocMapped = 2;

struct cudaLaunchConfig_t {
  dim3 gridDim;
  dim3 blockDim;
  std::size_t dynamicSmemBytes = 0;
  cudaStream_t stream = nullptr;
};

const char* cudaGetErrorName(cudaError_t code);
const char* cudaGetErrorString(cudaError_t code);
cudaError_t cudaGetLastError();
cudaError_t cudaGetDeviceCount(int* count);
cudaError_t cudaGetDevice(int* device);
cudaError_t cudaSetDevice(int device);
cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total);
cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags);
cudaError_t cudaStreamDestroy(cudaStream_t stream);
cudaError_t cudaStreamSynchronize(cudaStream_t stream);
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned flags);
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned flags);
cudaError_t cudaEventDestroy(cudaEvent_t event);
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream);
cudaError_t cudaEventQuery(cudaEvent_t event);
cudaError_t cudaMalloc(void** data, std::size_t bytes);
cudaError_t cudaFree(void* data);
cudaError_t cudaHostAlloc(void** data, std::size_t bytes, unsigned flags);
cudaError_t cudaFreeHost(void* data);
cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream);
cudaError_t cudaMemcpy2DAsync(void* to, std::size_t to_pitch, const void* from, std::size_t from_pitch,
                              std::size_t width, std::size_t height, cudaMemcpyKind kind, cudaStream_t stream);

template <class... Parameters, class... Arguments>
cudaError_t cudaLaunchKernelEx(const cudaLaunchConfig_t* config, void (*kernel)(Parameters...),
                               Arguments&&... arguments) {
  asterism::emulator::queue_kernel(
      config->stream, [grid = config->gridDim, block = config->blockDim, kernel,
                       values = std::tuple<std::decay_t<Parameters>...>(std::forward<Arguments>(arguments)...)] {
        asterism::emulator::run_grid(grid, block, [&] { std::apply(kernel, values); });
      });
  return cudaSuccess;
}
