// See cuda_runtime.h beside this.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cuda_runtime.h>
#include <deque>
#include <exception>
#include <setjmp.h>
#include <string_view>
#include <ucontext.h>
#include <vector>

dim3 threadIdx;
dim3 blockIdx;
dim3 blockDim;
dim3 gridDim;

namespace asterism::emulator {

namespace {

constexpr std::size_t stack_bytes = std::size_t{1} << 17U;
constexpr unsigned lanes = 32;

enum class State { ready, at_block_barrier, at_warp_barrier, finished };

/// Made once and used for every block that has its index. Switched by _setjmp and _longjmp, which, unlike swapcontext,
/// ask nothing of the system.
struct Fiber {
  std::unique_ptr<std::byte[]> stack;
  jmp_buf here;
  State state = State::finished;
  std::uint64_t value = 0;
};

std::vector<std::unique_ptr<Fiber>> fibers;
jmp_buf scheduler;
ucontext_t beginning;
const std::function<void()>* body_of_all = nullptr;
std::exception_ptr failure;

[[noreturn]] void give_up(const char* why) {
  std::fprintf(stderr, "emulated kernel: %s in block (%u, %u)\n", why, blockIdx.x, blockIdx.y);
  std::abort();
}

void leave(State state) {
  Fiber& fiber = *fibers[threadIdx.x];
  fiber.state = state;
  if (_setjmp(fiber.here) == 0) _longjmp(scheduler, 1);
}

void live() {
  for (;;) {
    try {
      (*body_of_all)();
    } catch (...) {
      failure = std::current_exception();
    }
    leave(State::finished);
  }
}

void run(unsigned thread) {
  threadIdx.x = thread;
  if (_setjmp(scheduler) != 0) return;
  Fiber& fiber = *fibers[thread];
  if (fiber.stack) _longjmp(fiber.here, 1);
  fiber.stack = std::make_unique<std::byte[]>(stack_bytes);
  getcontext(&beginning);
  beginning.uc_stack.ss_sp = fiber.stack.get();
  beginning.uc_stack.ss_size = stack_bytes;
  beginning.uc_link = nullptr;
  makecontext(&beginning, live, 0);
  setcontext(&beginning);
}

/// Releases the threads [first, first + count) where all of them wait at a barrier of that kind. A thread that has
/// returned while others wait is an error, which CUDA leaves undefined.
bool release(std::size_t first, std::size_t count, State kind) {
  std::size_t waiting = 0;
  for (std::size_t i = first; i < first + count; ++i) waiting += fibers[i]->state == kind ? 1U : 0U;
  if (waiting != count) return false;
  for (std::size_t i = first; i < first + count; ++i) fibers[i]->state = State::ready;
  return true;
}

/// Runs the threads of a warp until they have returned or wait for the block: as far ahead of the other warps as a GPU
/// may let it go.
void run_warp(unsigned first, unsigned count, bool descending) {
  do {
    for (unsigned k = 0; k < count; ++k) {
      const unsigned thread = first + (descending ? count - 1 - k : k);
      if (fibers[thread]->state == State::ready) run(thread);
    }
  } while (release(first, count, State::at_warp_barrier));
}

void run_block(unsigned threads, bool descending) {
  while (fibers.size() < threads) fibers.push_back(std::make_unique<Fiber>());
  for (unsigned i = 0; i < threads; ++i) fibers[i]->state = State::ready;
  const unsigned warps = (threads + lanes - 1) / lanes;
  do {
    for (unsigned k = 0; k < warps; ++k) {
      const unsigned first = (descending ? warps - 1 - k : k) * lanes;
      run_warp(first, std::min(lanes, threads - first), descending);
    }
  } while (release(0, threads, State::at_block_barrier));
  for (unsigned i = 0; i < threads; ++i) {
    if (fibers[i]->state != State::finished) give_up("a barrier is not reached by all threads");
  }
}

}  // namespace

void run_grid(dim3 grid, dim3 block, const std::function<void()>& body) {
  const char* order = std::getenv("ASTERISM_EMULATED_ORDER");
  const bool descending = order != nullptr && std::string_view(order) == "descending";
  body_of_all = &body;
  failure = nullptr;
  gridDim = grid;
  blockDim = block;
  for (unsigned y = 0; y < grid.y; ++y) {
    for (unsigned x = 0; x < grid.x; ++x) {
      blockIdx = dim3(x, y, 1);
      run_block(block.x, descending);
    }
  }
  if (failure) std::rethrow_exception(failure);
}

void block_barrier() { leave(State::at_block_barrier); }
void warp_barrier() { leave(State::at_warp_barrier); }

std::uint64_t exchange(std::uint64_t value, unsigned lane) {
  fibers[threadIdx.x]->value = value;
  warp_barrier();
  const std::uint64_t taken = fibers[threadIdx.x / lanes * lanes + lane]->value;
  warp_barrier();
  return taken;
}

}  // namespace asterism::emulator

namespace asterism::emulator {

/// Work that is queued, and how much of all that ever was has been done.
struct Stream {
  std::deque<std::function<void()>> work;
  std::size_t queued = 0;
  std::size_t done = 0;
  bool computes = false;

  void queue(std::function<void()> one) {
    work.push_back(std::move(one));
    ++queued;
  }
  void run_to(std::size_t place) {
    while (done < place) {
      const std::function<void()> next = std::move(work.front());
      work.pop_front();
      ++done;
      next();
    }
  }
};

void queue_kernel(Stream* stream, std::function<void()> work) {
  stream->computes = true;
  stream->queue(std::move(work));
}

}  // namespace asterism::emulator

using asterism::emulator::Stream;

/// A place in a stream.
struct EmulatedEvent {
  Stream* stream = nullptr;
  std::size_t place = 0;
};

namespace {

int current_device = 0;
constexpr int devices = 2;
std::vector<Stream*> streams;

void run_all() {
  for (Stream* const stream : streams) stream->run_to(stream->queued);
}

void queue_copy(Stream* stream, std::function<void()> work) {
  stream->queue(std::move(work));
  const char* const copies = std::getenv("ASTERISM_EMULATED_COPIES");
  const bool early = copies != nullptr && std::string_view(copies) == "early";
  if (early && !stream->computes) stream->run_to(stream->queued);
}

}  // namespace

const char* cudaGetErrorName(cudaError_t code) {
  return code == cudaErrorMemoryAllocation ? "cudaErrorMemoryAllocation" : "cudaSuccess";
}
const char* cudaGetErrorString(cudaError_t code) {
  return code == cudaErrorMemoryAllocation ? "out of memory" : "no error";
}
cudaError_t cudaGetLastError() { return cudaSuccess; }
cudaError_t cudaGetDeviceCount(int* count) { return *count = devices, cudaSuccess; }
cudaError_t cudaGetDevice(int* device) { return *device = current_device, cudaSuccess; }
cudaError_t cudaSetDevice(int device) { return current_device = device, cudaSuccess; }
cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total) {
  *free = *total = std::size_t{1} << 34U;
  return cudaSuccess;
}
cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned /*flags*/) {
  *stream = new Stream;
  streams.push_back(*stream);
  return cudaSuccess;
}
cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  run_all();
  streams.erase(std::ranges::find(streams, stream));
  return delete stream, cudaSuccess;
}
cudaError_t cudaStreamSynchronize(cudaStream_t stream) { return stream->run_to(stream->queued), cudaSuccess; }
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned /*flags*/) {
  if (event->stream == nullptr) return cudaSuccess;
  stream->queue([before = event->stream, place = event->place] {
    if (std::ranges::find(streams, before) != streams.end()) before->run_to(place);
  });
  return cudaSuccess;
}
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned /*flags*/) {
  return *event = new EmulatedEvent, cudaSuccess;
}
cudaError_t cudaEventDestroy(cudaEvent_t event) { return delete event, cudaSuccess; }
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  return *event = {stream, stream->queued}, cudaSuccess;
}
cudaError_t cudaEventQuery(cudaEvent_t event) {
  return event->stream == nullptr || event->stream->done >= event->place ? cudaSuccess : cudaErrorNotReady;
}
cudaError_t cudaMalloc(void** data, std::size_t bytes) {
  constexpr std::size_t most = std::size_t{1} << 40U;
  const std::size_t rounded = (bytes + 255) / 256 * 256;
  *data = bytes > most ? nullptr : std::aligned_alloc(256, rounded);
  if (*data == nullptr) return cudaErrorMemoryAllocation;
  std::memset(*data, 0xFF, rounded);  // NaN: what is read before it was written shows
  return cudaSuccess;
}
cudaError_t cudaFree(void* data) {
  run_all();
  return std::free(data), cudaSuccess;
}
cudaError_t cudaHostAlloc(void** data, std::size_t bytes, unsigned /*flags*/) { return cudaMalloc(data, bytes); }
cudaError_t cudaFreeHost(void* data) { return cudaFree(data); }
cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind /*kind*/,
                            cudaStream_t stream) {
  queue_copy(stream, [=] { std::memcpy(to, from, bytes); });
  return cudaSuccess;
}
cudaError_t cudaMemcpy2DAsync(void* to, std::size_t to_pitch, const void* from, std::size_t from_pitch,
                              std::size_t width, std::size_t height, cudaMemcpyKind /*kind*/,
                              cudaStream_t stream) {
  queue_copy(stream, [=] {
    for (std::size_t i = 0; i < height; ++i) {
      std::memcpy(static_cast<std::byte*>(to) + i * to_pitch, static_cast<const std::byte*>(from) + i * from_pitch,
                  width);
    }
  });
  return cudaSuccess;
}
