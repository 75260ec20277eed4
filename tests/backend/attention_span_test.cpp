// Slots and visible positions against their definitions.
#include "asterism/backend/attention_span.hpp"

#include <vector>

#include <doctest/doctest.h>

using namespace asterism::backend;

TEST_CASE("what a position sees, one by one") {
  for (const std::size_t sinks : {0U, 1U, 4U}) {
    for (const std::size_t kv_window : {0U, 1U, 3U, 8U}) {
      for (const std::size_t model_window : {0U, 1U, 5U, 20U}) {
        for (std::size_t position = 0; position < 30; ++position) {
          std::vector<std::size_t> expected;
          for (std::size_t p = 0; p <= position; ++p) {
            const bool model = model_window == 0 || p + model_window > position;
            const bool cache = kv_window == 0 || p + kv_window > position || p < sinks;
            if (model && cache) expected.push_back(p);
          }
          const AttentionSpan visible = visible_positions(position, sinks, kv_window, model_window);
          std::vector<std::size_t> found;
          for (std::size_t i = 0; i < visible.count(); ++i) found.push_back(visible[i]);
          CHECK(found == expected);
        }
      }
    }
  }
}

TEST_CASE("slots: sinks keep theirs, the rest is a ring") {
  for (std::size_t position = 0; position < 10; ++position) CHECK(kv_slot(position, 10, 4) == position);
  CHECK(kv_slot(10, 10, 4) == 4);
  CHECK(kv_slot(15, 10, 4) == 9);
  CHECK(kv_slot(16, 10, 4) == 4);
  CHECK(kv_slot(16, 10, 0) == 6);
}
