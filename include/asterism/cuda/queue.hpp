// The work of one logical device on its GPU, in order of submission. Plain C++.
#pragma once

#include <cstddef>
#include <cstdint>

#include "asterism/core/error.hpp"

namespace asterism::cuda {

/// A call of the CUDA runtime failed. The message names the call, the GPU, the code and CUDA's text; errors in a
/// kernel surface at a later call.
class CudaError : public Error {
 public:
  using Error::Error;
};

/// Number of GPUs that this process can use: 0 if there is none, or no driver. Never throws.
int gpu_count() noexcept;

/// Total and free memory of `gpu`, in bytes.
struct GpuMemory {
  std::uint64_t total = 0;
  std::uint64_t free = 0;
};
GpuMemory gpu_memory(int gpu);

/// A place in the work of a queue; see Queue::record. Members are defined in kernels.cu.
class Event {
 public:
  /// Throws CudaError if the GPU refuses.
  explicit Event(int gpu);
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  ~Event();

  /// Whether all work before that place is done.
  bool done() const;

 private:
  friend class Queue;
  int gpu_ = 0;
  void* event_ = nullptr;
};

/// A stream and an event of one GPU, and a word through which kernels report values out of range. Not thread-safe.
/// Members are defined in kernels.cu.
class Queue {
 public:
  /// On GPU `device` modulo gpu_count(): several logical devices may share one. Throws CudaError if there is none.
  explicit Queue(std::int32_t device);
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;
  ~Queue();

  int gpu() const { return gpu_; }
  /// A cudaStream_t.
  void* stream() const { return stream_; }
  /// Set to 1 by a kernel if a key or value is beyond the range of its format.
  std::uint32_t* out_of_range() const { return out_of_range_; }

  /// Device memory for an arena; nullptr if the GPU has none left.
  std::byte* allocate(std::uint64_t bytes) const;
  void release(std::byte* data) const noexcept;
  /// Memory of the host that GPUs copy from and to while they compute; nullptr if the system has none left to pin.
  std::byte* allocate_host(std::uint64_t bytes) const;
  void release_host(std::byte* data) const noexcept;

  /// Queues the copy of `rows` rows of `row_bytes` each, `from_stride` and `to_stride` bytes apart. Either side is
  /// memory of the host or of any GPU; host memory must stay valid until `wait`.
  void copy(const void* from, std::size_t from_stride, void* to, std::size_t to_stride, std::size_t row_bytes,
            std::size_t rows);

  /// Work queued from now on begins after everything that `other` holds now. Does not block.
  void after(const Queue& other);
  /// Puts the event behind all that the queue holds now.
  void record(Event& event);
  /// Work queued from now on begins after the place where the event is now, on any queue. Does not block.
  void after(const Event& event);

  /// Returns when all queued work is done. Throws CudaError if some of it failed, NumericError if a kernel
  /// reported a value.
  void wait();

 private:
  int gpu_ = 0;
  void* stream_ = nullptr;
  void* event_ = nullptr;
  std::uint32_t* out_of_range_ = nullptr;
};

}  // namespace asterism::cuda
