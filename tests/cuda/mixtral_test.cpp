// A whole decoder on logical devices of GPUs against the same weights on the CPU.
#include <algorithm>
#include <cstddef>
#include <cstring>
#include <type_traits>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/attention/sliding_window_kv_cache.hpp"
#include "asterism/backend/host.hpp"
#include "asterism/cuda/backend.hpp"
#include "asterism/machine/machine.hpp"
#include "asterism/model/plan.hpp"
#include "asterism/model/weights.hpp"
#include "asterism/observe/trace.hpp"
#include "asterism/quant/group_int.hpp"

#include "generate/variants.hpp"
#include "model/filled_network.hpp"
#include "support/relative_difference.hpp"

using namespace asterism;
using test::Conversation;
using test::EmptyNetwork;
using test::FilledNetwork;
using test::small_shape;
using test::Turn;

namespace {

/// Cuts in the middle.
struct Halves {
  static constexpr placement::Plan plan(const placement::MemoryFootprint& parts, const Machine& machine) {
    placement::Cuts cuts{};
    for (std::size_t d = 1; d < cuts.size(); ++d) cuts[d] = parts.layers;
    if (machine.devices == 2) cuts[1] = parts.layers / 2;
    return placement::assemble(parts, machine, cuts, false);
  }
};

struct Exact : test::Exact {
  using Placement = Halves;
  using Observer = observe::None;
};
struct Defaults : test::Defaults {
  using Placement = Halves;
  using Backend = backend::SerialHost;
};
struct Window : Defaults {
  using KvCache = attention::SlidingWindowKvCache<quant::Int8<32>, 6, 2>;
};
template <class Host>
struct OnGpu : Host {
  using Backend = cuda::Backend;
};

const std::vector<TokenId> tokens = {3, 52, 0, 17, 17, 9, 41, 30, 2, 5, 8};

/// The host's weights on the GPUs.
template <class B>
struct CopiedNetwork : EmptyNetwork<OnGpu<B>> {
  CopiedNetwork(const FilledNetwork<B>& from, const Machine& machine)
      : EmptyNetwork<OnGpu<B>>(from.network.shape(), machine) {
    model::for_each_weight(this->network, [&](const model::WeightId& id, const auto& to) {
      model::visit_weight(from.network, id, [&]<class Weights>(const Weights& source) {
        if constexpr (std::is_same_v<Weights, std::remove_cvref_t<decltype(to)>>) {
          this->devices[static_cast<std::size_t>(to.device)]->write(to, [&](const auto& host) {
            if constexpr (requires { host.view; }) {
              std::memcpy(host.view.data, source.view.data, source.view.rows * source.view.cols * sizeof(float));
            } else {
              using Format = typename Weights::Format;
              std::memcpy(host.data, source.data, Format::planes(source.rows, source.cols).bytes().count);
              quant::to_standard<Format>(host.data, source.rows, source.cols);
            }
          });
        }
      });
    });
  }
};

struct Heard : observe::Trace {
  Heard() { begin(small_shape.layers, small_shape.experts, small_shape.top_k); }
};

/// Logits of all tokens, the prompt in chunks.
template <class B, class Observer = observe::None>
std::vector<float> logits(const EmptyNetwork<B>& on, std::size_t chunk, Observer* heard = nullptr) {
  const auto workspace = test::workspace_on<B>(on);
  Conversation<B, Observer> conversation(on);
  std::vector<float> out;
  for (std::size_t first = 0; first < tokens.size(); first += chunk) {
    const std::size_t rows = std::min(chunk, tokens.size() - first);
    const auto begin = tokens.begin() + static_cast<std::ptrdiff_t>(first);
    const std::vector<Turn<B, Observer>> turns = {
        {&conversation, std::vector<TokenId>(begin, begin + static_cast<std::ptrdiff_t>(rows))}};
    CHECK(test::pass<B>(on, workspace, turns));
    const auto found = on.network.logits(on.devices, workspace, 0, rows, conversation.observer);
    std::vector<float> host(rows * found.cols());
    on.devices[static_cast<std::size_t>(found.device)]->download(
        found, MatrixView<float>(host.data(), rows, found.cols()));
    out.insert(out.end(), host.begin(), host.end());
  }
  if (heard != nullptr) *heard = conversation.observer;
  return out;
}

}  // namespace

TEST_CASE_TEMPLATE("logits are the host's, on one GPU and on two logical devices", B, Exact, Defaults, Window) {
  const FilledNetwork<B> host(small_shape, equal_devices(1, 64_MiB));
  const std::vector<float> expected = logits(host, 4);
  for (const std::size_t devices : {1U, 2U}) {
    const CopiedNetwork<B> gpu(host, equal_devices(devices, 64_MiB));
    CAPTURE(devices);
    const std::vector<float> found = logits(gpu, 4);
    CHECK(test::relative_difference(found, expected) < 1e-4);
    // Chunks change no bit.
    CHECK(logits(gpu, 1) == found);
    CHECK(logits(gpu, 3) == found);
    // Peak use is the plan's.
    for (std::size_t d = 0; d < devices; ++d) {
      CHECK(gpu.devices[d]->arena().high_water() <= gpu.plan.peak(d));
    }
  }
}

TEST_CASE_TEMPLATE("so are those of layers with linear attention, gates and a shared expert", B, Exact, Defaults) {
  const FilledNetwork<B> host(test::hybrid_shape, equal_devices(1, 64_MiB));
  const std::vector<float> expected = logits(host, 4);
  const CopiedNetwork<B> gpu(host, equal_devices(2, 64_MiB));
  const std::vector<float> found = logits(gpu, 4);
  CHECK(test::relative_difference(found, expected) < 1e-4);
  CHECK(logits(gpu, 1) == found);
  CHECK(logits(gpu, 3) == found);
}

TEST_CASE("observers hear of the same routes, and change no logit") {
  const FilledNetwork<Exact> host(small_shape, equal_devices(1, 64_MiB));
  const CopiedNetwork<Exact> gpu(host, equal_devices(2, 64_MiB));
  Heard expected;
  Heard found;
  logits(host, 4, &expected);
  CHECK(logits(gpu, 4, &found) == logits(gpu, 4));
  REQUIRE(found.positions() == expected.positions());
  for (std::int32_t position = 0; position < found.positions(); ++position) {
    for (std::int32_t layer = 0; layer < found.layers(); ++layer) {
      for (std::size_t k = 0; k < 2; ++k) {
        CHECK(found.at(position, layer)[k].expert == expected.at(position, layer)[k].expert);
        CHECK(found.at(position, layer)[k].probability ==
              doctest::Approx(expected.at(position, layer)[k].probability).epsilon(1e-4));
      }
    }
  }
}

TEST_CASE("two sequences in one pass have the bits that each has alone") {
  const FilledNetwork<Defaults> host(small_shape, equal_devices(1, 64_MiB));
  const CopiedNetwork<Defaults> gpu(host, equal_devices(1, 64_MiB));
  using B = OnGpu<Defaults>;
  const auto workspace = test::workspace_on<B>(gpu);
  const auto run = [&](const std::vector<Turn<B>>& turns) {
    CHECK(test::pass<B>(gpu, workspace, turns));
    std::size_t rows = 0;
    for (const Turn<B>& turn : turns) rows += turn.tokens.size();
    observe::None none;
    const auto found = gpu.network.logits(gpu.devices, workspace, 0, rows, none);
    std::vector<float> out(rows * found.cols());
    gpu.devices[0]->download(found, MatrixView<float>(out.data(), rows, found.cols()));
    return out;
  };
  Conversation<B> a(gpu);
  Conversation<B> b(gpu);
  std::vector<float> expected = run({{&a, {1, 2, 3}}});
  const std::vector<float> other = run({{&b, {9, 8}}});
  expected.insert(expected.end(), other.begin(), other.end());
  Conversation<B> c(gpu);
  Conversation<B> d(gpu);
  CHECK(run({{&c, {1, 2, 3}}, {&d, {9, 8}}}) == expected);
}
