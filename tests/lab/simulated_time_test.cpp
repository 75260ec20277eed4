// Simulated time against a clock that goes tick by tick.
#include "asterism/lab/simulated_time.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/core/random.hpp"

using namespace asterism;
using namespace asterism::lab;

namespace {

/// A layer of `layer` ticks and a copy of `copy` ticks; the experts take `experts` ticks of a layer together.
class Ticks {
 public:
  Ticks(int layer, int copy, int experts) : layer_(layer), copy_(copy), experts_(experts) {}

  void run(int ready, std::vector<int> copies, int busy) {
    busy_ += busy;
    const int parts = ready + static_cast<int>(copies.size());
    int waiting = ready;  // at hand, not computed
    int computed = 0;
    int left = 0;  // of the expert under way
    int rest = parts == 0 ? layer_ : layer_ - experts_;
    queue_.assign(8, copy_);
    std::size_t next = 0;
    while (true) {
      // What is at hand at the beginning of the tick.
      while (left == 0 && waiting > 0) {
        --waiting;
        left = experts_ / parts;
        if (left == 0) ++computed;
      }
      if (left == 0 && computed == parts && rest == 0) return;
      ++now;
      if (left > 0) {
        if (--left == 0) ++computed;
      } else if (computed == parts) {
        --rest;
      }
      if (busy_ > 0) {
        --busy_;
      } else if (next < copies.size()) {
        if (--copies[next] == 0) {
          ++next;
          ++waiting;
        }
      } else {
        const auto open = std::find_if(queue_.begin(), queue_.end(), [](int one) { return one > 0; });
        if (open != queue_.end()) --*open;
      }
    }
  }
  int lacking(std::size_t i) const { return queue_[i]; }

  int now = 0;

 private:
  int layer_;
  int copy_;
  int experts_;
  int busy_ = 0;
  std::vector<int> queue_{};
};

}  // namespace

TEST_CASE("layers, copies and what is queued behind them: as tick by tick") {
  Random random(1);
  for (int run = 0; run < 60; ++run) {
    const int layer = 60 + 60 * static_cast<int>(random.below(3));
    const int copy = 12 * static_cast<int>(1 + random.below(12));
    const int experts = 60 * static_cast<int>(random.below(2));
    Ticks ticks(layer, copy, experts);
    SimulatedTime time({.layer_seconds = static_cast<double>(layer),
                        .copy_seconds = static_cast<double>(copy),
                        .expert_share = static_cast<double>(experts) / layer,
                        .pieces = 3});
    for (int step = 0; step < 30; ++step) {
      const int parts = std::vector<int>{0, 1, 2, 3, 4}[random.below(5)];
      const int ready = static_cast<int>(random.below(static_cast<std::uint64_t>(parts) + 1));
      std::vector<int> copies;
      for (int i = ready; i < parts; ++i)
        copies.push_back(1 + static_cast<int>(random.below(static_cast<std::uint64_t>(copy))));
      const int busy = static_cast<int>(random.below(random.below(8) == 0 ? 400 : 5));
      ticks.run(ready, copies, busy);
      time.layer(static_cast<std::size_t>(ready), std::vector<double>(copies.begin(), copies.end()), busy);
      CHECK(time.now() == doctest::Approx(ticks.now));
      for (std::size_t i = 0; i < 8; ++i) {
        CHECK(time.lacking(i) == doctest::Approx(ticks.lacking(i)));
        const int piece = copy / 3;
        const int lacking = ticks.lacking(i);
        const bool under_way = lacking > 0 && lacking < copy;
        CHECK(time.piece_left(i) == doctest::Approx(under_way ? lacking % piece : 0));
      }
    }
  }
}

TEST_CASE("what is told adds up to the time, and telling changes nothing") {
  Random random(2);
  for (int run = 0; run < 40; ++run) {
    const StepTimes times{.layer_seconds = 1 + random.uniform(),
                          .copy_seconds = 0.1 + random.uniform(),
                          .expert_share = random.uniform()};
    SimulatedTime silent(times);
    SimulatedTime telling(times);
    for (int step = 0; step < 20; ++step) {
      const std::size_t ready = random.below(4);
      std::vector<double> copies(random.below(4));
      for (double& copy : copies) copy = times.copy_seconds * (0.1 + 0.9 * random.uniform());
      const double busy = (random.below(8) == 0 ? 4 : 0.2) * random.uniform();
      double computed = telling.now();
      double link = std::max(telling.now(), telling.begin_of(0)) + busy;
      double experts = 0;
      std::size_t parts = 0;
      std::size_t copied = 0;
      telling.layer(ready, copies, busy, [&](Stretch stretch, std::size_t index, double begin, double end) {
        if (stretch == Stretch::copy) {
          CHECK(index == copied);
          CHECK(begin == doctest::Approx(link));
          CHECK(end - begin == doctest::Approx(copies[copied++]));
          link = end;
          return;
        }
        CHECK(begin == doctest::Approx(computed));
        computed = end;
        if (stretch == Stretch::expert) {
          CHECK(index == parts++);
          CHECK((index < ready || begin >= link - 1e-9));
          experts += end - begin;
        }
        if (stretch == Stretch::wait) CHECK(end == link);
      });
      silent.layer(ready, copies, busy);
      CHECK(silent.now() == telling.now());
      CHECK(computed == telling.now());
      CHECK(telling.begin_of(1) == doctest::Approx(link + times.copy_seconds));
      CHECK(parts == ready + copies.size());
      CHECK(experts == doctest::Approx(parts == 0 ? 0 : times.expert_share * times.layer_seconds));
    }
  }
}

TEST_CASE("times out of range are refused") {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  for (const StepTimes wrong : {StepTimes{.layer_seconds = 0},
                                {.layer_seconds = nan},
                                {.copy_seconds = 0},
                                {.copy_seconds = -1},
                                {.expert_share = -0.1},
                                {.expert_share = 1.1},
                                {.expert_share = nan},
                                {.pieces = 0}}) {
    CHECK_THROWS_WITH_AS(SimulatedTime{wrong}, doctest::Contains("expected times above 0"), InvalidArgument);
  }
}
