// What hooks get of a pass, what becomes of what they say, and what a pass without any asks of the device.
#include "asterism/model/score_hooks.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <tuple>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/backend/host.hpp"
#include "asterism/machine/machine.hpp"
#include "asterism/model/plan.hpp"
#include "asterism/observe/trace.hpp"

#include "model/filled_network.hpp"

using namespace asterism;

namespace {

/// Calls a function of a test.
struct Asked {
  std::function<void(std::int32_t, MatrixView<const float>, MatrixView<float>)> answer;
  void adjust(std::int32_t layer, MatrixView<const float> x, MatrixView<float> scores) {
    answer(layer, x, scores);
  }
  std::uint64_t version() const { return 0; }
};

/// As a device whose memory the host can't reach: it reads copies, and writes what a copy has in the end.
struct Far : backend::SerialHost {
  using BasicHost::BasicHost;
  static inline int waits = 0;

  template <class... T>
  std::tuple<MatrixView<const T>...> read(const backend::DeviceMatrix<T>&... matrices) {
    ++waits;
    copies_.clear();
    copies_.reserve(sizeof...(matrices));
    return {read_one(matrices)...};
  }
  template <class Weights, class F>
  void write(const Weights& weights, F&& f) {
    BasicHost::write(weights, f);
  }
  template <class F>
  void write(const backend::DeviceMatrix<float>& matrix, F&& f) {
    ++waits;
    std::vector<float> staging(matrix.rows() * matrix.cols(), -1e9F);
    f(backend::DeviceMatrix<float>{{staging.data(), matrix.rows(), matrix.cols()}, device()});
    for (std::size_t r = 0; r < matrix.rows(); ++r) {
      std::copy_n(staging.data() + r * matrix.cols(), matrix.cols(), matrix.view.row(r).data);
    }
  }

 private:
  template <class T>
  MatrixView<const T> read_one(const backend::DeviceMatrix<T>& matrix) {
    std::vector<std::byte>& copy = copies_.emplace_back(matrix.rows() * matrix.cols() * sizeof(T));
    for (std::size_t r = 0; r < matrix.rows(); ++r) {
      std::memcpy(copy.data() + r * matrix.cols() * sizeof(T), matrix.view.row(r).data, matrix.cols() * sizeof(T));
    }
    return {reinterpret_cast<const T*>(copy.data()), matrix.rows(), matrix.cols()};
  }
  std::vector<std::vector<std::byte>> copies_;
};

template <class Device>
struct Hooked : test::Exact {
  using Backend = Device;
  using Observer = observe::FullTrace;
  using ScoreHook = Asked;
};

/// A pass of two sequences, of 3 and 2 tokens, with a hook each or none; returns their logits, and what was observed.
template <class B>
struct Passed {
  std::vector<float> logits;
  std::vector<observe::FullTrace> traces;

  Passed(Asked* first, Asked* second) {
    const test::FilledNetwork<B> on(test::small_shape, equal_devices(1, 64_MiB));
    const auto workspace = test::workspace_on<B>(on);
    std::vector<test::Conversation<B>> conversations;
    for (int i = 0; i < 2; ++i) {
      conversations.emplace_back(on);
      conversations.back().observer.begin(2, 5, 2);
    }
    using Segment = typename model::Assembly<B>::Segment;
    const std::vector<Segment> segments{
        {.caches = &conversations[0].caches, .observer = &conversations[0].observer, .rows = 3, .scores = first},
        {.caches = &conversations[1].caches, .observer = &conversations[1].observer, .rows = 2, .scores = second}};
    CHECK(on.network.forward(on.devices, workspace, View<const Segment>(segments),
                             std::vector<TokenId>{4, 8, 15, 16, 23}));
    observe::None nobody;
    logits = test::logits_of<B>(on, workspace, 0, 5, nobody);
    for (auto& conversation : conversations) traces.push_back(conversation.observer);
  }
  std::vector<float> rows(std::size_t first, std::size_t count) const {
    const auto width = static_cast<std::ptrdiff_t>(test::small_shape.vocabulary);
    const auto begin = logits.begin() + static_cast<std::ptrdiff_t>(first) * width;
    return {begin, begin + static_cast<std::ptrdiff_t>(count) * width};
  }
};

void nothing(std::int32_t /*layer*/, MatrixView<const float> /*x*/, MatrixView<float> /*scores*/) {}

/// All tokens to expert 3 first, then to 1.
void prefers_3(std::int32_t /*layer*/, MatrixView<const float> /*x*/, MatrixView<float> scores) {
  for (std::size_t r = 0; r < scores.rows; ++r) {
    scores(r, 3) = 50;
    scores(r, 1) = 49;
  }
}

}  // namespace

TEST_CASE_TEMPLATE("what a hook says decides the routes of its sequence, and of no other", Device,
                   backend::SerialHost, Far) {
  using B = Hooked<Device>;
  const Passed<B> without(nullptr, nullptr);
  Asked indifferent{nothing};
  CHECK(Passed<B>(&indifferent, &indifferent).logits == without.logits);  // to the bit

  Asked asked{prefers_3};
  const Passed<B> with(nullptr, &asked);
  CHECK(with.rows(0, 3) == without.rows(0, 3));
  CHECK(with.rows(3, 2) != without.rows(3, 2));
  for (std::int32_t layer = 0; layer < 2; ++layer) {
    for (std::int32_t position = 0; position < 2; ++position) {
      CHECK(with.traces[1].at(position, layer)[0].expert == 3);
      CHECK(with.traces[1].at(position, layer)[1].expert == 1);
      CHECK(with.traces[1].at(position, layer)[0].probability > 0.7F);
    }
  }
}

TEST_CASE_TEMPLATE("a hook gets the rows of its sequence, layer by layer, and the router's scores of them", Device,
                   backend::SerialHost, Far) {
  using B = Hooked<Device>;
  const test::FilledNetwork<B> on(test::small_shape, equal_devices(1, 64_MiB));
  std::vector<std::pair<std::int32_t, std::size_t>> calls;
  std::vector<float> probabilities;
  Asked asked{[&](std::int32_t layer, MatrixView<const float> x, MatrixView<float> scores) {
    calls.emplace_back(layer, x.rows);
    CHECK(x.cols == 24);
    CHECK(scores.rows == x.rows);
    CHECK(scores.cols == 5);
    const auto& router = on.network.blocks()[static_cast<std::size_t>(layer)].constellation().router();
    const auto* weights = reinterpret_cast<const float*>(router.data);  // fp32, row by row
    for (std::size_t r = 0; r < x.rows; ++r) {
      for (std::size_t e = 0; e < 5; ++e) {
        double sum = 0;
        for (std::size_t c = 0; c < 24; ++c) sum += double{weights[e * 24 + c]} * double{x(r, c)};
        CHECK(scores(r, e) == doctest::Approx(sum).epsilon(1e-4));
      }
    }
  }};
  const Passed<B> passed(nullptr, &asked);
  CHECK(calls == std::vector<std::pair<std::int32_t, std::size_t>>{{0, 2}, {1, 2}});
}

TEST_CASE("a pass whose sequences have no hook asks nothing of the device") {
  struct Unobserved : Hooked<Far> {
    using Observer = observe::None;
  };
  struct Unhooked : test::Exact {
    using Backend = Far;
    using Observer = observe::None;
  };
  const auto waits_of = []<class B>(const B&, auto scores) {
    const test::FilledNetwork<B> on(test::small_shape, equal_devices(1, 64_MiB));
    const auto workspace = test::workspace_on<B>(on);
    test::Conversation<B> conversation(on);
    using Segment = typename model::Assembly<B>::Segment;
    const Segment segment{
        .caches = &conversation.caches, .observer = &conversation.observer, .rows = 2, .scores = scores};
    Far::waits = 0;
    on.network.forward(on.devices, workspace, View<const Segment>(&segment, 1), std::vector<TokenId>{1, 2});
    return Far::waits;
  };
  Asked asked{nothing};
  CHECK(waits_of(Unhooked{}, NoHook{}) == 0);
  CHECK(waits_of(Unobserved{}, static_cast<Asked*>(nullptr)) == 0);
  CHECK(waits_of(Unobserved{}, &asked) == 2 * test::small_shape.layers);  // a read and a write
}
