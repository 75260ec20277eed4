// A gating that is not constructed from (experts, top_k) reaches the model as an object.
#include "own/tempered_top_k.hpp"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/backend/host.hpp"
#include "asterism/load.hpp"
#include "asterism/machine/machine.hpp"

#include "laws/gating_laws.hpp"

namespace {

const std::string folder = ASTERISM_GOLDEN_DIR "/models/plain";

struct Plain : Blueprint {
  static constexpr Limits limits{.context = 32, .batch = 1, .prefill_chunk = 8, .threads = 1};
  using Backend = backend::SerialHost;
};
template <int Percent>
struct Tempered : Plain {
  using Gating = TemperedTopK;
  static Gating gating(const Shape& shape) {
    return {static_cast<std::size_t>(shape.experts), static_cast<std::size_t>(shape.top_k), Percent / 100.0F};
  }
};
static_assert(differs<Tempered<100>, Plain>);

template <class B>
std::vector<float> logits() {
  const auto model = load<B>(folder, {.machine = equal_devices(1, 64_MiB)});
  return model.session().logits(std::vector<TokenId>{1, 5, 9, 12});
}

}  // namespace

TEST_CASE("it obeys the laws at any temperature") {
  for (const float temperature : {0.5F, 1.0F, 3.0F}) {
    laws::gating(
        [=](std::size_t experts, std::size_t top_k) { return TemperedTopK(experts, top_k, temperature); });
  }
}

TEST_CASE("a temperature of 1 is none, another one moves the logits") {
  const std::vector<float> plain = logits<Plain>();
  CHECK(logits<Tempered<100>>() == plain);
  CHECK(logits<Tempered<50>>() != plain);
}
