// Tasks on the caller: in order, and on its thread.
#include "asterism/parallel/serial.hpp"

#include <thread>
#include <vector>

#include <doctest/doctest.h>

using namespace asterism;

static_assert(std::is_empty_v<parallel::Serial>);

TEST_CASE("tasks run in order on the caller") {
  const parallel::Serial serial(8);
  CHECK(parallel::Serial::threads() == 1);
  std::vector<std::size_t> order;
  serial.for_each_task(5, [&](std::size_t task) {
    CHECK(std::this_thread::get_id() != std::thread::id());
    order.push_back(task);
  });
  CHECK(order == std::vector<std::size_t>{0, 1, 2, 3, 4});
}

TEST_CASE("a range is one piece, and nothing is none") {
  const parallel::Serial serial;
  std::vector<std::size_t> pieces;
  for (const std::size_t count : {5U, 0U}) {
    serial.for_each_range(count, [&](std::size_t first, std::size_t end) {
      pieces.push_back(first);
      pieces.push_back(end);
    });
  }
  CHECK(pieces == std::vector<std::size_t>{0, 5});
}

TEST_CASE("an exception ends the call at its task") {
  std::size_t last = 0;
  CHECK_THROWS_AS(parallel::Serial().for_each_task(5,
                                                   [&](std::size_t task) {
                                                     last = task;
                                                     if (task == 2) throw 7;
                                                   }),
                  int);
  CHECK(last == 2);
}
