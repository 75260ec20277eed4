// Circuit breakers by a clock that the test moves.
#include "asterism/assistant/breaker.hpp"

#include <doctest/doctest.h>

#include "support/files.hpp"

using namespace asterism;
using namespace asterism::assistant;
using std::chrono::seconds;

TEST_CASE("three failures open it, time lets one call through, which decides") {
  Breaker::Clock::time_point now{};
  Breaker breaker(Breaker::persona, [&] { return now; });
  const auto fail = [&](int times) {
    for (int i = 0; i < times; ++i) breaker.failed();
  };
  fail(2);
  CHECK(breaker.allows());
  breaker.succeeded();  // in a row is what counts
  fail(2);
  CHECK(breaker.state() == Breaker::State::closed);
  fail(1);
  CHECK(breaker.state() == Breaker::State::open);
  now += seconds(299);
  CHECK_FALSE(breaker.allows());
  now += seconds(1);
  CHECK(breaker.state() == Breaker::State::half_open);
  CHECK(breaker.allows());
  fail(1);
  CHECK(breaker.state() == Breaker::State::open);
  now += seconds(300);
  breaker.succeeded();
  CHECK(breaker.state() == Breaker::State::closed);
  fail(2);
  CHECK(breaker.allows());
}

TEST_CASE("limits") {
  CHECK(Breaker::generation.failures == 5);
  CHECK(Breaker::generation.reset == seconds(600));
  CHECK(Breaker::retrieval.failures == 3);
  CHECK(Breaker::retrieval.reset == seconds(180));
  test::check_error<InvalidArgument>([] { Breaker({.failures = 0}); }, {"1 failure at least"});
}
