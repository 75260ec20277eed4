// Whole decoders on GPUs from checkpoints, beside the same on the CPU: g++ compiles all of it, nvcc the kernels. And
// with experts that come from memory of the host when they are needed, of the first: the bits of a GPU that holds
// them all. Exit code 77 where there is no GPU.
//
// Usage: decoder FOLDER...
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <string>
#include <unistd.h>
#include <vector>

#include "asterism/cache/hazard.hpp"
#include "asterism/cache/least_recent.hpp"
#include "asterism/core/format.hpp"
#include "asterism/cuda/backend.hpp"
#include "asterism/cuda/carrier.hpp"
#include "asterism/generate/load_slotted.hpp"
#include "asterism/generate/write_experts.hpp"
#include "asterism/load.hpp"
#include "asterism/machine/machine.hpp"
#include "asterism/prefetch/next_gate.hpp"

using namespace asterism;

namespace {

struct OnCpu : Blueprint {
  static constexpr Limits limits{.context = 64, .batch = 1, .prefill_chunk = 5};
};
struct OnGpu : OnCpu {
  using Backend = cuda::Backend;
};
static_assert(differs<OnGpu, OnCpu>);

struct InTurns : OnGpu {
  using Cache = cache::Hazard;
};
struct Ahead : OnGpu {
  using Cache = cache::LeastRecent;
  using Prefetch = prefetch::NextGate;
};

using Prompt = std::vector<TokenId>;
const Prompt prompt = {1, 5, 9, 2, 30, 7, 7, 12};
const Prompt short_prompt = {1, 5, 9};  // experts in turns are many launches

template <class B>
std::vector<float> logits(const LanguageModel<B>& model, const Prompt& tokens = prompt) {
  auto session = model.session();
  std::vector<float> all = session.logits(tokens);
  // One token at a time, on the same caches.
  const std::vector<TokenId> answer = session.generate_tokens(tokens, {.max_tokens = 3, .stop_at_eos = false});
  for (const TokenId token : answer) all.push_back(static_cast<float>(token));
  return all;
}

template <class B>
std::vector<float> logits(const char* folder, std::size_t devices, const Prompt& tokens = prompt) {
  return logits(load<B>(folder, {.machine = equal_devices(devices, 64_MiB)}), tokens);
}

/// A GPU with `more` slots than it needs, beside memory of the host for all experts.
template <class B>
Machine beside_host(const Shape& shape, std::uint64_t more) {
  const placement::Plan roomy = plan<B>(equal_devices(1, 64_MiB), shape);
  Machine machine = equal_devices(1, roomy.least_peak(0) + roomy.footprint.slotted.each * more);
  machine.add(roomy.footprint.slotted.homes() + roomy.footprint.slotted.beside, DeviceKind::host);
  return machine;
}

/// Whether experts in turns give the bits of a GPU that holds them all, from the checkpoint and from a file.
template <class B>
bool same_in_turns(const char* folder, const char* what, const std::vector<float>& expected) {
  const Shape shape = generate::read_config(folder).shape;
  const std::string file = std::filesystem::temp_directory_path() / concat("asterism-experts-", ::getpid());
  ProgressSink silence;
  write_experts<OnCpu>(folder, file, silence);
  bool all = true;
  for (const std::uint64_t more : {0U, 20U}) {
    LoadOptions options{.machine = beside_host<B>(shape, more)};
    if (more > 0) options.experts = file;
    const LanguageModel<B> model = load<B>(folder, options);
    const bool same = logits(model, short_prompt) == expected;
    const residency::SlotCounts counts = model.slot_counts();
    std::printf("%s, %s, %d slots: %s; %.1f %% in a slot, %zu bytes copied\n", folder, what,
                model.plan().expert_slots(0), same ? "the same bits" : "OTHER BITS", 100 * counts.hit_rate(),
                static_cast<std::size_t>(counts.copied));
    bool within = true;
    for (std::size_t d = 0; d < 2; ++d)
      within = within && model.devices()[d]->arena().high_water() == model.plan().peak(d);
    if (!within) std::printf("%s, %s: the arenas' peak is not the plan's\n", folder, what);
    all = all && same && within && counts.copied > 0 && counts.bytes == 0;
  }
  std::filesystem::remove(file);
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
    const std::vector<float> expected = logits<OnGpu>(argv[1], 1, short_prompt);
    all = same_in_turns<InTurns>(argv[1], "in turns", expected) && all;
    all = same_in_turns<Ahead>(argv[1], "looking ahead", expected) && all;
    return all ? 0 : 1;
  } catch (const Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
