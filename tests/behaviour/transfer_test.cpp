// Two devices: the same answers as one, real hand-overs between them, and proof that a forgotten one is noticed.
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/generate/load.hpp"
#include "asterism/machine/machine.hpp"
#include "asterism/observe/counts.hpp"
#include "asterism/placement/sequential.hpp"
#include "asterism/quant/float32.hpp"

#include "support/golden.hpp"

using namespace asterism;

namespace {

struct Watched : Blueprint {
  static constexpr Limits limits{.context = 256, .batch = 1, .prefill_chunk = 64, .threads = 2};
  using Quantization = quant::Float32;
  using Embedding = quant::Float32;
  using Head = quant::Float32;
  using KvCache = attention::StaticKvCache<quant::Float32>;
  using Observer = observe::Counts;
};

/// Cuts in the middle and, where the head is tied, takes the choice that the test wants.
template <bool copy>
struct Halves {
  static constexpr placement::Plan plan(const placement::MemoryFootprint& parts, const Machine& machine) {
    placement::Cuts cuts{};
    for (std::size_t d = 1; d < cuts.size(); ++d) cuts[d] = parts.layers;
    if (machine.devices == 2) cuts[1] = parts.layers / 2;
    return placement::assemble(parts, machine, cuts, copy);
  }
};

struct Copied : Watched {
  using Placement = Halves<true>;
};
struct HandedOver : Watched {
  using Placement = Halves<false>;
};

/// A backend that forgets hand-overs: what lives elsewhere is passed on as it is.
class ForgetfulHost : public backend::Host {
 public:
  using backend::Host::BasicHost;
  using backend::Host::copy_from;
  backend::DeviceMatrix<float> copy_from(backend::DeviceMatrix<float> from, backend::DeviceMatrix<float> /*to*/) {
    return from;
  }
};
struct Forgetful : HandedOver {
  using Backend = ForgetfulHost;
};

std::string folder(const std::string& name) { return std::string(ASTERISM_GOLDEN_DIR) + "/models/" + name; }

LoadOptions on(std::size_t devices) {
  LoadOptions options;
  options.machine = equal_devices(devices, 64_MiB);
  return options;
}

}  // namespace

TEST_CASE("two devices give the bits of one, through hand-overs that are counted") {
  for (const std::string name : {"demo", "one_kv_head"}) {  // the second one's head is tied
    CAPTURE(name);
    const auto prompt = test::Golden("expected/" + name + ".safetensors").values<TokenId>("prompt_33");
    const auto one = load<HandedOver>(folder(name), on(1));
    auto alone = one.session();
    const std::vector<float> expected = alone.logits(prompt);
    CHECK(alone.observer().hand_overs() == 0);

    const auto handed_over = load<HandedOver>(folder(name), on(2));
    auto session = handed_over.session();
    CHECK(session.logits(prompt) == expected);
    const auto hidden = static_cast<std::uint64_t>(handed_over.shape().hidden);
    // 33 rows go to the second device once; where the head is tied they come back, in three pieces of up to 16
    // rows.
    const bool tied = handed_over.shape().tied_head;
    CHECK(session.observer().hand_overs() == (tied ? 4 : 1));
    CHECK(session.observer().moved() == Bytes{(tied ? 2 : 1) * 33 * hidden * sizeof(float)});
    CHECK(handed_over.plan().tied_head == (tied ? placement::TiedHead::handed_over : placement::TiedHead::untied));

    const auto copied = load<Copied>(folder(name), on(2));
    auto other = copied.session();
    CHECK(other.logits(prompt) == expected);
    CHECK(other.observer().hand_overs() == 1);
    if (tied) {
      CHECK(copied.plan().tied_head == placement::TiedHead::copied);
      CHECK(copied.plan().peak(1) > handed_over.plan().peak(1));
      CHECK(copied.memory_report().find("second copy") != std::string::npos);
      CHECK(handed_over.memory_report().find("go back from device 1 to device 0") != std::string::npos);
    }
    for (std::size_t d = 0; d < 2; ++d) {
      CHECK(handed_over.devices()[d]->arena().high_water() == handed_over.plan().peak(d));
      CHECK(copied.devices()[d]->arena().high_water() == copied.plan().peak(d));
    }
  }
}

TEST_CASE("each row of a batch hears of the bytes that were moved for it") {
  for (const std::string name : {"demo", "one_kv_head"}) {
    CAPTURE(name);
    const test::Golden golden("expected/" + name + ".safetensors");
    const auto model = load<HandedOver>(folder(name), on(2));
    GenerateOptions options;
    options.max_tokens = 6;
    options.stop_at_eos = false;
    auto batch = model.batch(3);
    const std::vector<TokenId> prompts[] = {golden.values<TokenId>("prompt_7"),
                                            golden.values<TokenId>("prompt_33"),
                                            golden.values<TokenId>("prompt_2")};
    for (const auto& prompt : prompts) batch.add_tokens(prompt, options);
    const std::vector<BatchAnswer> answers = batch.run();
    for (std::size_t row = 0; row < 3; ++row) {
      auto session = model.session();
      CHECK(answers.at(row).tokens == session.generate_tokens(prompts[row], options));
      CHECK(batch.observer(row).moved() == session.observer().moved());
      CHECK(batch.observer(row).hand_overs() == session.observer().hand_overs());
    }
  }
}

TEST_CASE("a forgotten hand-over throws, also where both devices share one memory") {
  for (const std::string name : {"demo", "one_kv_head"}) {
    CAPTURE(name);
    const auto prompt = test::Golden("expected/" + name + ".safetensors").values<TokenId>("prompt_7");
    const auto model = load<Forgetful>(folder(name), on(2));
    auto session = model.session();
    CHECK_THROWS_AS(session.logits(prompt), WrongDevice);
    const auto single = load<Forgetful>(folder(name), on(1));
    CHECK_NOTHROW(single.session().logits(prompt));
  }
}
