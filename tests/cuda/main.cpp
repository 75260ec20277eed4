// Tests of cuda::Backend need a GPU, or the emulator: without one they are skipped, by exit code 77.
#define DOCTEST_CONFIG_IMPLEMENT
#include <cstdio>

#include <doctest/doctest.h>

#include "asterism/cuda/queue.hpp"

#include "support/repository.hpp"

int main(int argc, char** argv) {
  if (asterism::cuda::gpu_count() == 0) {
    std::puts("SKIPPED: no GPU (or no driver) on this machine; nothing was tested");
    return 77;
  }
  asterism::test::enter_repository();
  return doctest::Context(argc, argv).run();
}
