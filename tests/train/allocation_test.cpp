// No update, no clipping and no step of data allocates.
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/parallel/serial.hpp"
#include "asterism/train/adam_w.hpp"
#include "asterism/train/adam_w8.hpp"
#include "asterism/train/clip.hpp"
#include "asterism/train/data/packing.hpp"
#include "asterism/train/muon.hpp"

#include "laws/optimizer_laws.hpp"

using namespace asterism;
using namespace asterism::train;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define ASTERISM_TEST_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define ASTERISM_TEST_SANITIZED 1
#endif
#endif

namespace {

std::atomic<std::uint64_t> mallocs{0};

}  // namespace

#if !defined(ASTERISM_TEST_SANITIZED)  // the sanitizers have a malloc of their own
extern "C" void* __libc_malloc(std::size_t);

// Every operator new of the program passes here.
extern "C" void* malloc(std::size_t size) {
  mallocs.fetch_add(1, std::memory_order_relaxed);
  return __libc_malloc(size);
}
#endif

TEST_CASE_TEMPLATE("no update allocates", O, AdamW, AdamW8, Muon) {
  laws::nothing_is_allocated_by(O{}, [] { return mallocs.load(); });
}

TEST_CASE("nor does clipping") {
  std::vector<float> gradient(50000, 1.0F);
  Parameter parameter{.name = "a long name that no small string holds",
                      .weights = {nullptr, 5, 10000},
                      .gradient = {gradient.data(), 5, 10000}};
  std::vector<double> scratch(norm_pieces(gradient.size()));
  parallel::Serial serial;
  const std::uint64_t before = mallocs.load();
  const double norm =
      clip_gradients(parallel::ExecutionRef(serial), View<Parameter>(&parameter, 1), 1, 1, scratch);
  const std::uint64_t taken = mallocs.load() - before;
  CHECK(taken == 0);
  CHECK(norm == doctest::Approx(223.606797749979));
}

TEST_CASE("nor does a step of data, in the next epoch either") {
  Examples examples;
  const std::vector<TokenId> ids = {1, 2, 3};
  const std::vector<std::uint8_t> counts = {1, 1, 0};
  for (int i = 0; i < 100; ++i) examples.add({ids, counts});
  Packing packing(examples, {.rows = 10, .batch = 3});
  const std::uint64_t before = mallocs.load();
  std::size_t rows = 0;
  for (int i = 0; i < 150; ++i) rows += packing.next().tokens.size;
  packing.seek({});
  const std::uint64_t taken = mallocs.load() - before;
  CHECK(taken == 0);
  CHECK(rows > 1200);
}

#if !defined(ASTERISM_TEST_SANITIZED)
namespace {

struct Allocating : AdamW {
  void update(const parallel::ExecutionRef& execution, const Parameter& parameter, std::int64_t step,
              float step_rate, View<std::byte> work) const {
    const std::vector<float> copy(parameter.size(), parameter.gradient[0]);
    AdamW::update(execution, parameter, step, step_rate * (copy[0] < 1e30F ? 1.0F : 0.5F), work);
  }
};

}  // namespace

TEST_CASE("an update that allocates is found" * doctest::should_fail()) {
  laws::nothing_is_allocated_by(Allocating{}, [] { return mallocs.load(); });
}
#endif
