// Which number a sequence has.
#include "asterism/engine/sequence_number.hpp"

#include <memory>
#include <optional>
#include <utility>

#include <doctest/doctest.h>

using namespace asterism;

TEST_CASE("each has the least number that no other one has, and keeps it when it is moved") {
  const auto numbers = std::make_shared<engine::SequenceNumbers>();
  std::optional<engine::SequenceNumber> first(numbers);
  engine::SequenceNumber second(numbers);
  const engine::SequenceNumber third(numbers);
  CHECK(first->value() == 0);
  CHECK(second.value() == 1);
  CHECK(third.value() == 2);
  CHECK(numbers->taken() == 3);
  engine::SequenceNumber moved(std::move(second));
  CHECK(moved.value() == 1);
  first.reset();
  CHECK(numbers->taken() == 2);
  CHECK(engine::SequenceNumber(numbers).value() == 0);
  CHECK(engine::SequenceNumber(numbers).value() == 0);  // given back at once
  {
    engine::SequenceNumber other(numbers);
    other = std::move(moved);
    CHECK(other.value() == 1);
  }
  moved = engine::SequenceNumber(numbers);
  const engine::SequenceNumber fourth(numbers);
  CHECK(moved.value() + fourth.value() == 1);
}
