// Whole decoders on GPUs from checkpoints, beside the same on the CPU: g++ compiles all of it, nvcc the kernels.
// Exit code 77 where there is no GPU.
//
// Usage: decoder FOLDER...
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <vector>

#include "asterism/cuda/backend.hpp"
#include "asterism/load.hpp"
#include "asterism/machine/machine.hpp"

using namespace asterism;

namespace {

struct OnCpu : Blueprint {
  static constexpr Limits limits{.context = 64, .batch = 1, .prefill_chunk = 5};
};
struct OnGpu : OnCpu {
  using Backend = cuda::Backend;
};
static_assert(differs<OnGpu, OnCpu>);

const std::vector<TokenId> prompt = {1, 5, 9, 2, 30, 7, 7, 12};

template <class B>
std::vector<float> logits(const char* folder, std::size_t devices) {
  const LanguageModel<B> model = load<B>(folder, {.machine = equal_devices(devices, 64_MiB)});
  auto session = model.session();
  std::vector<float> all = session.logits(prompt);
  // One token at a time, on the same caches.
  const std::vector<TokenId> answer = session.generate_tokens(prompt, {.max_tokens = 3, .stop_at_eos = false});
  for (const TokenId token : answer) all.push_back(static_cast<float>(token));
  return all;
}

/// Whether the GPUs' answers are the CPU's.
bool agree(const char* folder) {
  const std::vector<float> expected = logits<OnCpu>(folder, 1);
  double scale = 0;
  for (const float value : expected) scale = std::max(scale, std::fabs(double{value}));
  bool all = true;
  for (const std::size_t devices : {1U, 2U}) {
    const std::vector<float> found = logits<OnGpu>(folder, devices);
    double furthest = found.size() == expected.size() ? 0 : scale;
    for (std::size_t i = 0; i < std::min(found.size(), expected.size()); ++i) {
      furthest = std::max(furthest, std::fabs(double{found[i]} - double{expected[i]}));
    }
    std::printf("%s, %zu logical devices on %d GPUs: largest difference %.3g of %.3g\n", folder, devices,
                cuda::gpu_count(), furthest, scale);
    all = all && furthest < 1e-3 * scale;
  }
  return all;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fputs("usage: decoder FOLDER...\n", stderr);
    return 2;
  }
  if (cuda::gpu_count() == 0) {
    std::puts("SKIPPED: no GPU (or no driver) on this machine; the decoder was compiled and linked, not run");
    return 77;
  }
  try {
    bool all = true;
    for (int i = 1; i < argc; ++i) all = agree(argv[i]) && all;
    return all ? 0 : 1;
  } catch (const Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
