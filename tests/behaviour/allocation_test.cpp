// Many answers from one model: no arena grows, and the decode loop allocates nothing at all.
#include <atomic>
#include <cstdlib>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/cache/hazard.hpp"
#include "asterism/generate/load_slotted.hpp"
#include "asterism/generate/write_experts.hpp"
#include "asterism/machine/machine.hpp"
#include "asterism/observe/timeline.hpp"

#include "support/files.hpp"
#include "support/golden.hpp"

using namespace asterism;

namespace {

std::atomic<std::uint64_t> mallocs{0};

}  // namespace

// Every allocation of the program passes here: operator new calls malloc or aligned_alloc.
extern "C" void* __libc_malloc(std::size_t);
extern "C" void* __libc_calloc(std::size_t, std::size_t);
extern "C" void* __libc_realloc(void*, std::size_t);
extern "C" void* __libc_memalign(std::size_t, std::size_t);

#if !defined(ASTERISM_SANITIZED)
extern "C" void* malloc(std::size_t size) {
  mallocs.fetch_add(1, std::memory_order_relaxed);
  return __libc_malloc(size);
}
extern "C" void* calloc(std::size_t count, std::size_t size) {
  mallocs.fetch_add(1, std::memory_order_relaxed);
  return __libc_calloc(count, size);
}
extern "C" void* realloc(void* old, std::size_t size) {
  mallocs.fetch_add(1, std::memory_order_relaxed);
  return __libc_realloc(old, size);
}
extern "C" void* aligned_alloc(std::size_t alignment, std::size_t size) {
  mallocs.fetch_add(1, std::memory_order_relaxed);
  return __libc_memalign(alignment, size);
}
constexpr bool counting = true;
#else
constexpr bool counting = false;  // the sanitizers have a malloc of their own
#endif

namespace {

struct Small : Blueprint {
  static constexpr Limits limits{.context = 192, .batch = 1, .prefill_chunk = 32, .threads = 2};
};
struct Slotted : Small {
  using Cache = cache::Hazard;
};

/// A hundred answers to token ids: no arena grows, and a token more allocates nothing.
template <class B>
void check_tokens_allocate_nothing(const LanguageModel<B>& model) {
  auto session = model.session({.seed = 5});
  std::vector<Bytes> used;
  for (const auto& device : model.devices()) used.push_back(device->arena().used());
  const auto answer = [&](int i, std::int32_t tokens) {
    std::vector<TokenId> prompt(static_cast<std::size_t>(20 + i % 30), 5 + i % 40);
    prompt.back() = 9 + i % 7;
    const GenerateOptions options{.temperature = 0.9F, .top_k = 40, .max_tokens = tokens, .stop_at_eos = false};
    const std::uint64_t before = mallocs.load();
    REQUIRE(session.generate_tokens(prompt, options).size() == static_cast<std::size_t>(tokens));
    return mallocs.load() - before;
  };
  for (int i = 0; i < 70; ++i) answer(i, 17);
  for (int i = 0; i < 15; ++i) {
    answer(i, 32);
    CHECK(answer(i, 32) == answer(i, 17));  // the list of tokens grows at 17, and then at 33
  }
  for (std::size_t d = 0; d < model.devices().size(); ++d) {
    CHECK(model.devices()[d]->arena().used() == used[d]);
    CHECK(model.devices()[d]->arena().high_water() == used[d]);
  }
}

}  // namespace

TEST_CASE("a hundred answers: not one byte more in any arena, no allocation after the first token") {
  LoadOptions options;
  options.machine = equal_devices(2, 8_MiB);
  const auto model = load<Small>(std::string(ASTERISM_GOLDEN_DIR) + "/models/demo", options);
  const std::vector<std::string> prompts = {"The river", "A keeper of the lamp walks", "é 日本 🙂",
                                            "one two three"};

  // A timeline that listens allocates nothing either.
  const auto timeline = std::make_shared<observe::Timeline>(1000);
  model.set_timeline(timeline);
  auto session = model.session({.seed = 5});
  std::vector<Bytes> used;
  std::vector<std::uint64_t> served;
  for (const auto& device : model.devices()) {
    used.push_back(device->arena().used());
    served.push_back(device->arena().allocations());
  }
  std::uint64_t in_loops = 0;
  std::uint64_t pieces = 0;
  for (int i = 0; i < 100; ++i) {
    GenerateOptions generate;
    generate.max_tokens = 24;
    generate.stop_at_eos = false;
    generate.stop = {"never written"};
    generate.temperature = i % 2 == 0 ? 0.0F : 0.9F;
    generate.top_k = 40;
    generate.top_p = 0.95F;
    generate.repetition_penalty = 1.1F;
    auto stream = session.generate(prompts[static_cast<std::size_t>(i) % prompts.size()], generate);
    auto piece = stream.begin();
    const std::uint64_t before = mallocs.load();
    for (; piece != stream.end(); ++piece) pieces += (*piece).size();
    in_loops += mallocs.load() - before;
    REQUIRE(session.last().usage.completion_tokens == 24);
  }
  CHECK(pieces > 0);
  CHECK(timeline->recorded() > 100 * 24);
  if (counting) {
    const std::uint64_t before = mallocs.load();  // the counter counts, aligned memory as arenas draw it included
    ::operator delete (::operator new (64, std::align_val_t{64}), std::align_val_t{64});
    CHECK(mallocs.load() == before + 1);
    ::operator delete(::operator new(64));
    CHECK(mallocs.load() == before + 2);
    CHECK(in_loops == 0);
  }
  for (std::size_t d = 0; d < model.devices().size(); ++d) {
    CHECK(model.devices()[d]->arena().used() == used[d]);
    CHECK(model.devices()[d]->arena().high_water() == used[d]);
    CHECK(model.devices()[d]->arena().allocations() == served[d]);
  }
}

TEST_CASE("nor do states of linear attention grow") {
  check_tokens_allocate_nothing(load<Small>(std::string(ASTERISM_GOLDEN_DIR) + "/models/qwen3_next_plain"));
}

TEST_CASE("nor slots in which experts take turns") {
  const std::string checkpoint = std::string(ASTERISM_GOLDEN_DIR) + "/models/many_experts";
  const test::TemporaryFolder folder;
  ProgressSink silence;
  write_experts<Small>(checkpoint, folder / "experts", silence);
  const Shape shape = generate::read_config(checkpoint).shape;
  const placement::Plan roomy = plan<Slotted>(equal_devices(1, 1_GiB), shape);
  const Machine machine = equal_devices(1, roomy.peak(0) - roomy.footprint.slotted.each * 20);
  const auto model = load<Slotted>(checkpoint, {.machine = machine, .experts = folder / "experts"});
  CHECK(model.plan().expert_slots(0) == roomy.expert_slots(0) - 20);
  check_tokens_allocate_nothing(model);
}
