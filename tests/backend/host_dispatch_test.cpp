// Sorting rows by expert and adding up answers, by hand. (Random routes: host_test.cpp.)
#include "asterism/backend/host_dispatch.hpp"

#include <array>
#include <vector>

#include <doctest/doctest.h>

using namespace asterism;
using namespace asterism::backend;
using gating::Route;

namespace {

// Row 0 goes to experts 2 and 0, row 1 to 3 and 2, row 2 to 0 and 3; expert 1 is left out.
constexpr std::array<Route, 6> routes{{{.expert = 2, .weight = 0.5F},
                                       {.expert = 0, .weight = 0.25F},
                                       {.expert = 3, .weight = 2.0F},
                                       {.expert = 2, .weight = 4.0F},
                                       {.expert = 0, .weight = 1.0F},
                                       {.expert = 3, .weight = 8.0F}}};

struct Tables {
  std::vector<std::int32_t> offsets = std::vector<std::int32_t>(5, -1);
  std::vector<std::int32_t> rows = std::vector<std::int32_t>(6, -1);
  std::vector<std::int32_t> slots = std::vector<std::int32_t>(6, -1);
  ExpertGroups groups{.offsets = offsets, .source_row = rows, .slot_of_choice = slots, .device = 0};

  Tables() { sort_by_expert(MatrixView<const Route>(routes.data(), 3, 2), groups); }
};

}  // namespace

TEST_CASE("slots are sorted by expert, rows ascending within one") {
  const Tables tables;
  CHECK(tables.offsets == std::vector<std::int32_t>{0, 2, 2, 4, 6});
  CHECK(tables.rows == std::vector<std::int32_t>{0, 2, 0, 1, 1, 2});
  CHECK(tables.slots == std::vector<std::int32_t>{2, 0, 4, 3, 1, 5});
}

TEST_CASE("tables that were used before are sorted afresh") {
  Tables tables;
  const std::vector<std::int32_t> offsets = tables.offsets;
  sort_by_expert(MatrixView<const Route>(routes.data(), 3, 2), tables.groups);
  CHECK(tables.offsets == offsets);
}

TEST_CASE("a row's answers are weighted and added") {
  const Tables tables;
  const std::vector<float> answers{1, 10, 100, 1000, 10000, 100000};  // (6 slots, 1)
  const float expected[] = {7 + 0.25F * 1 + 0.5F * 100, 7 + 4.0F * 1000 + 2.0F * 10000,
                            7 + 1.0F * 10 + 8.0F * 100000};
  for (std::size_t i = 0; i < 3; ++i) {
    std::vector<float> sum{7};
    add_answers(tables.groups, View<const Route>(routes.data() + 2 * i, 2), i,
                MatrixView<const float>(answers.data(), 6, 1), sum);
    CHECK(sum[0] == expected[i]);
  }
}
