// The work of one logical device on its GPU, in the order in which it was handed over. Plain C++.
#pragma once

#include <cstddef>
#include <cstdint>

#include "asterism/core/error.hpp"

namespace asterism::cuda {

/// A call of the CUDA runtime failed. The message names the call, the GPU, the code and CUDA's text; what went wrong
/// in a kernel shows at a later call.
class CudaError : public Error {
 public:
  using Error::Error;
};

/// GPUs that this process can use: 0 where there is none, or no driver. Never throws.
int gpu_count() noexcept;

/// Memory that `gpu` has, and what of it is free now, in bytes.
struct GpuMemory {
  std::uint64_t total = 0;
  std::uint64_t free = 0;
};
GpuMemory gpu_memory(int gpu);

/// A stream and an event of one GPU, and a word through which kernels report what they find in the values. For one
/// thread at a time. Members are defined in kernels.cu.
class Queue {
 public:
  /// On GPU `device` modulo gpu_count(): several logical devices may share one. Throws CudaError where there is none.
  explicit Queue(std::int32_t device);
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;
  ~Queue();

  int gpu() const { return gpu_; }
  /// A cudaStream_t.
  void* stream() const { return stream_; }
  /// What a kernel sets to 1 where a key or value is beyond the range of its format.
  std::uint32_t* out_of_range() const { return out_of_range_; }

  /// Device memory for an arena; nullptr where the GPU has none.
  std::byte* allocate(std::uint64_t bytes) const;
  void release(std::byte* data) const noexcept;

  /// Copies `rows` rows of `row_bytes` each, which lie `from_stride` and `to_stride` bytes apart, in turn with the rest
  /// of the queue. Either side is memory of the host or of any GPU; host memory must stay until `wait`.
  void copy(const void* from, std::size_t from_stride, void* to, std::size_t to_stride, std::size_t row_bytes,
            std::size_t rows);

  /// What is queued from now on begins after all that `other` holds now. Does not wait here.
  void after(const Queue& other);

  /// Returns when all that was queued has been done. Throws CudaError where some of it failed, NumericError where a
  /// kernel reported a value.
  void wait();

 private:
  int gpu_ = 0;
  void* stream_ = nullptr;
  void* event_ = nullptr;
  std::uint32_t* out_of_range_ = nullptr;
};

}  // namespace asterism::cuda
