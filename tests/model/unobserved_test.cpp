// A pass that nobody observes asks nothing of the device: where reading waits for a GPU, it must not.
#include <vector>

#include <doctest/doctest.h>

#include "asterism/backend/host.hpp"
#include "asterism/machine/machine.hpp"
#include "asterism/model/plan.hpp"
#include "asterism/observe/none.hpp"

#include "model/filled_network.hpp"

using namespace asterism;

namespace {

// Counts what makes the host wait for a device.
struct Counting : backend::SerialHost {
  using BasicHost::BasicHost;
  static inline int waits = 0;

  template <class... Operands>
  auto read(const Operands&... operands) {
    ++waits;
    return BasicHost::read(operands...);
  }
  void download(backend::DeviceMatrix<const float> from, MatrixView<float> to) {
    ++waits;
    BasicHost::download(from, to);
  }
  void upload(MatrixView<const float> from, backend::DeviceMatrix<float> to) {
    ++waits;
    BasicHost::upload(from, to);
  }
  void synchronize() { ++waits; }
};

struct Counted : test::Exact {
  using Backend = Counting;
};

template <class Observer>
int waits_of_a_pass() {
  const test::FilledNetwork<Counted> on(test::small_shape, equal_devices(1, 64_MiB));
  const auto workspace = test::workspace_on<Counted>(on);
  test::Conversation<Counted, Observer> conversation(on);
  Counting::waits = 0;
  CHECK(
      test::pass<Counted>(on, workspace, std::vector<test::Turn<Counted, Observer>>{{&conversation, {1, 2, 3}}}));
  on.network.logits(on.devices, workspace, 0, 3, conversation.observer);
  return Counting::waits;
}

}  // namespace

TEST_CASE("without an observer the host waits for nothing, with one once a layer") {
  CHECK(waits_of_a_pass<observe::None>() == 0);
  CHECK(waits_of_a_pass<test::Watch>() == test::small_shape.layers);
}
