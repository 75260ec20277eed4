// Logical devices and the GPUs under them.
#include "asterism/cuda/queue.hpp"

#include <memory>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/cuda/peers.hpp"

using namespace asterism;

TEST_CASE("logical devices share GPUs in turn") {
  const int gpus = cuda::gpu_count();
  REQUIRE(gpus >= 1);
  for (const std::int32_t device : {0, 1, 2, 7}) CHECK(cuda::Queue(device).gpu() == device % gpus);
  CHECK_THROWS_AS(cuda::Queue(-1), cuda::CudaError);
  const cuda::GpuMemory memory = cuda::gpu_memory(0);
  CHECK(memory.total >= memory.free);
  CHECK(memory.free > 0);
}

TEST_CASE("copies run in turn, rows apart or not") {
  cuda::Queue queue(0);
  cuda::Queue other(1);
  std::byte* const data = queue.allocate(64);
  std::byte* const there = other.allocate(64);
  const unsigned char from[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  queue.copy(from, 4, data, 6, 3, 3);
  other.after(queue);
  other.copy(data, 6, there, 3, 3, 3);
  unsigned char to[9] = {};
  other.copy(there, 9, to, 9, 9, 1);
  other.wait();
  const unsigned char expected[] = {1, 2, 3, 5, 6, 7, 9, 10, 11};
  for (std::size_t i = 0; i < sizeof to; ++i) CHECK(to[i] == expected[i]);
  queue.copy(nullptr, 0, nullptr, 0, 0, 5);  // nothing
  queue.wait();
  queue.release(data);
  other.release(there);
}

TEST_CASE("work waits for an event where it was put, not for what came after it") {
  cuda::Queue queue(0);
  cuda::Queue copies(0);
  std::byte* const data = queue.allocate(64);
  std::byte* const host = copies.allocate_host(128);
  for (int i = 0; i < 128; ++i) host[i] = static_cast<std::byte>(i);
  cuda::Event filled(queue.gpu());
  CHECK(filled.done());
  copies.copy(host, 64, data, 64, 64, 1);
  copies.record(filled);
  queue.after(filled);
  unsigned char first[64] = {};
  queue.copy(data, 64, first, 64, 64, 1);
  copies.after(queue);  // the next copy into the same memory begins when that one is done
  copies.copy(host + 64, 64, data, 64, 64, 1);
  copies.record(filled);
  queue.wait();
  CHECK(first[1] == 1);
  queue.after(filled);
  unsigned char second[64] = {};
  queue.copy(data, 64, second, 64, 64, 1);
  queue.wait();
  CHECK(second[1] == 65);
  CHECK(filled.done());
  queue.release(data);
  copies.release_host(host);
}

TEST_CASE("peers know each other by index") {
  cuda::Peers peers(std::size_t{8});
  cuda::Queue one(0);
  cuda::Queue two(0);
  peers.join(3, one);
  peers.join(1, two);
  CHECK(&peers.at(3) == &one);
  CHECK(&peers.at(1) == &two);
  CHECK_THROWS_WITH_AS(peers.at(0), doctest::Contains("device 0"), WrongDevice);
  CHECK_THROWS_AS(peers.join(3, two), InvalidArgument);
  peers.leave(3);
  CHECK_THROWS_AS(peers.at(3), WrongDevice);
  peers.join(3, two);
}
