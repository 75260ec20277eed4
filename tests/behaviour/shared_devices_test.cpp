// Several models on one set of devices: their bytes count together, and each answers as alone.
#include <memory>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/generate/load.hpp"
#include "asterism/machine/machine.hpp"

#include "checkpoint/edited_checkpoint.hpp"
#include "generate/variants.hpp"

using namespace asterism;
using test::check_error;
using test::Exact;
using test::golden_model;

namespace {

using Tokens = std::vector<TokenId>;

Tokens answer(const LanguageModel<Exact>& model) {
  GenerateOptions options;
  options.max_tokens = 5;
  options.stop_at_eos = false;
  return model.session().generate_tokens(Tokens{1, 5, 9}, options);
}

/// Another backend than Exact's.
struct Threaded : Exact {
  using Backend = backend::Host;
};

}  // namespace

TEST_CASE("a second model takes what the first one leaves, to the byte, and both answer as alone") {
  const Machine machine = equal_devices(2, 32_MiB);
  const auto alone = load<Exact>(golden_model("plain"), {.machine = machine});
  const Tokens expected = answer(alone);

  const auto first = load<Exact>(golden_model("plain"), {.machine = machine});
  const Bytes used = first.devices()[0]->arena().used();
  const LoadOptions beside{.devices = first.engine().shared_devices()};
  const LoadPlan planned = plan_load<Exact>(golden_model("plain"), beside);
  CHECK(planned.plan.budget(0) == 32_MiB - used);
  const auto second = load<Exact>(golden_model("plain"), beside);
  CHECK(&second.devices() == &first.devices());
  CHECK(second.devices()[0]->arena().used() ==
        used + planned.plan.peak(0) - planned.plan.bytes(0, placement::PartKind::kv_cache));
  for (int i = 0; i < 2; ++i) {
    CHECK(answer(first) == expected);
    CHECK(answer(second) == expected);
  }
}

TEST_CASE("a model that does not fit beside the first one is refused before a weight is read") {
  const auto whole = plan_load<Exact>(golden_model("plain"), {.machine = equal_devices(1, 64_MiB)});
  const Machine enough = equal_devices(1, whole.plan.peak(0) + 1_KiB);
  const auto first = load<Exact>(golden_model("plain"), {.machine = enough});
  check_error<BudgetExceeded>(
      [&] { load<Exact>(golden_model("plain"), {.devices = first.engine().shared_devices()}); },
      {"no weight was read"});
}

TEST_CASE("devices of another backend, and machines of another size, are refused by name") {
  const auto first = load<Exact>(golden_model("plain"), {.machine = equal_devices(1, 32_MiB)});
  const LoadOptions beside{.devices = first.engine().shared_devices()};
  check_error<InvalidArgument>([&] { load<Threaded>(golden_model("plain"), beside); }, {"another backend"});
  LoadOptions two = beside;
  two.machine = equal_devices(2, 1_MiB);
  check_error<InvalidArgument>([&] { load<Exact>(golden_model("plain"), two); },
                               {"has 2 devices", "LoadOptions::devices 1"});

  using Device = Exact::Backend;
  std::vector<std::unique_ptr<Device>> wrong;
  const auto execution = std::make_shared<Device::ExecutionPolicy>(std::size_t{1});
  wrong.push_back(std::make_unique<Device>(1, 1_MiB, execution));
  check_error<InvalidArgument>([&] { backend::Devices<Device>(std::move(wrong)); }, {"numbered 0, 1, 2"});
}

TEST_CASE("a pass on one model waits for the other's, and is refused in the same thread") {
  const auto first = load<Exact>(golden_model("plain"), {.machine = equal_devices(1, 64_MiB)});
  const auto second = load<Exact>(golden_model("plain"), {.devices = first.engine().shared_devices()});
  auto session = first.session();
  check_error<InvalidArgument>(
      [&] {
        session.visit_logits(Tokens{1, 5}, [&](std::size_t, View<const float>) { answer(second); });
      },
      {"under way in this thread"});
}
