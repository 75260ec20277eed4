// Implements Queue on the CUDA runtime. Only for kernels.cu: it defines functions that are not inline.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cuda_runtime.h>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/cuda/queue.hpp"

namespace asterism::cuda {

/// Throws CudaError unless `code`, the result of `call`, is success.
inline void require(cudaError_t code, const char* call, int gpu) {
  if (code == cudaSuccess) return;
  throw CudaError(concat(call, " on GPU ", gpu, " failed with code ", static_cast<int>(code), " (",
                         cudaGetErrorName(code), "): ", cudaGetErrorString(code)));
}

/// Makes a GPU the current one of this thread for its lifetime.
class CurrentGpu {
 public:
  explicit CurrentGpu(int gpu) {
    require(cudaGetDevice(&before_), "cudaGetDevice", gpu);
    require(cudaSetDevice(gpu), "cudaSetDevice", gpu);
  }
  CurrentGpu(const CurrentGpu&) = delete;
  CurrentGpu& operator=(const CurrentGpu&) = delete;
  ~CurrentGpu() { cudaSetDevice(before_); }

 private:
  int before_ = 0;
};

inline cudaStream_t stream_of(const Queue& queue) { return static_cast<cudaStream_t>(queue.stream()); }

int gpu_count() noexcept {
  int count = 0;
  return cudaGetDeviceCount(&count) == cudaSuccess ? count : 0;
}

GpuMemory gpu_memory(int gpu) {
  const CurrentGpu current(gpu);
  std::size_t free = 0;
  std::size_t total = 0;
  require(cudaMemGetInfo(&free, &total), "cudaMemGetInfo", gpu);
  return {.total = total, .free = free};
}

Queue::Queue(std::int32_t device) {
  int count = 0;
  require(cudaGetDeviceCount(&count), "cudaGetDeviceCount", device);
  if (device < 0 || count < 1) throw CudaError(concat("there is no GPU for logical device ", device));
  gpu_ = device % count;
  const CurrentGpu current(gpu_);
  cudaStream_t stream = nullptr;
  cudaEvent_t event = nullptr;
  void* word = nullptr;
  try {
    require(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "cudaStreamCreateWithFlags", gpu_);
    require(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), "cudaEventCreateWithFlags", gpu_);
    require(cudaHostAlloc(&word, sizeof *out_of_range_, cudaHostAllocMapped), "cudaHostAlloc", gpu_);
  } catch (const CudaError&) {
    if (event != nullptr) cudaEventDestroy(event);
    if (stream != nullptr) cudaStreamDestroy(stream);
    throw;
  }
  stream_ = stream;
  event_ = event;
  out_of_range_ = static_cast<std::uint32_t*>(word);
  *out_of_range_ = 0;
}

Queue::~Queue() {
  cudaStreamSynchronize(stream_of(*this));
  cudaFreeHost(out_of_range_);
  cudaEventDestroy(static_cast<cudaEvent_t>(event_));
  cudaStreamDestroy(stream_of(*this));
}

std::byte* Queue::allocate(std::uint64_t bytes) const {
  const CurrentGpu current(gpu_);
  void* data = nullptr;
  const cudaError_t code = cudaMalloc(&data, bytes > 0 ? bytes : 1);
  if (code == cudaErrorMemoryAllocation) {
    cudaGetLastError();  // clears the error: the arena reports it
    return nullptr;
  }
  require(code, "cudaMalloc", gpu_);
  return static_cast<std::byte*>(data);
}

void Queue::release(std::byte* data) const noexcept { cudaFree(data); }

std::byte* Queue::allocate_host(std::uint64_t bytes) const {
  const CurrentGpu current(gpu_);
  void* data = nullptr;
  const cudaError_t code = cudaHostAlloc(&data, bytes > 0 ? bytes : 1, cudaHostAllocPortable);
  if (code == cudaErrorMemoryAllocation) {
    cudaGetLastError();  // clears the error: the arena reports it
    return nullptr;
  }
  require(code, "cudaHostAlloc", gpu_);
  return static_cast<std::byte*>(data);
}

void Queue::release_host(std::byte* data) const noexcept { cudaFreeHost(data); }

void Queue::copy(const void* from, std::size_t from_stride, void* to, std::size_t to_stride, std::size_t row_bytes,
                 std::size_t rows) {
  if (row_bytes == 0 || rows == 0) return;
  const CurrentGpu current(gpu_);
  if (rows == 1 || (from_stride == row_bytes && to_stride == row_bytes)) {
    require(cudaMemcpyAsync(to, from, row_bytes * rows, cudaMemcpyDefault, stream_of(*this)), "cudaMemcpyAsync",
            gpu_);
  } else {
    require(
        cudaMemcpy2DAsync(to, to_stride, from, from_stride, row_bytes, rows, cudaMemcpyDefault, stream_of(*this)),
        "cudaMemcpy2DAsync", gpu_);
  }
}

void Queue::after(const Queue& other) {
  if (this == &other) return;
  {
    const CurrentGpu current(other.gpu_);
    require(cudaEventRecord(static_cast<cudaEvent_t>(other.event_), stream_of(other)), "cudaEventRecord",
            other.gpu_);
  }
  const CurrentGpu current(gpu_);
  require(cudaStreamWaitEvent(stream_of(*this), static_cast<cudaEvent_t>(other.event_), 0), "cudaStreamWaitEvent",
          gpu_);
}

Event::Event(int gpu) : gpu_(gpu) {
  const CurrentGpu current(gpu_);
  cudaEvent_t event = nullptr;
  require(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), "cudaEventCreateWithFlags", gpu_);
  event_ = event;
}

Event::~Event() { cudaEventDestroy(static_cast<cudaEvent_t>(event_)); }

bool Event::done() const {
  const cudaError_t code = cudaEventQuery(static_cast<cudaEvent_t>(event_));
  if (code == cudaErrorNotReady) return false;
  require(code, "cudaEventQuery", gpu_);
  return true;
}

void Queue::record(Event& event) {
  const CurrentGpu current(gpu_);
  require(cudaEventRecord(static_cast<cudaEvent_t>(event.event_), stream_of(*this)), "cudaEventRecord", gpu_);
}

void Queue::after(const Event& event) {
  const CurrentGpu current(gpu_);
  require(cudaStreamWaitEvent(stream_of(*this), static_cast<cudaEvent_t>(event.event_), 0), "cudaStreamWaitEvent",
          gpu_);
}

void Queue::wait() {
  const CurrentGpu current(gpu_);
  require(cudaStreamSynchronize(stream_of(*this)), "cudaStreamSynchronize", gpu_);
  if (*static_cast<volatile std::uint32_t*>(out_of_range_) == 0) return;
  *out_of_range_ = 0;
  throw NumericError(concat("a key or value does not fit the format of the key/value cache (GPU ", gpu_,
                            "): use quant::Float32"));
}

}  // namespace asterism::cuda
