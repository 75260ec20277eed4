// Runs of gathered rows against loops over rows.
#include "asterism/checkpoint/row_gather.hpp"

#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

using namespace asterism::checkpoint;

namespace {

/// The tensor's element of each element of the weight.
std::vector<std::uint64_t> elements(const RowGather& gather) {
  std::vector<std::uint64_t> out;
  for (std::uint64_t section = 0; section < gather.sections; ++section) {
    for (const RowGather::Part& part : gather.parts) {
      for (std::uint64_t group = 0; group < gather.groups; ++group) {
        for (std::uint64_t row = 0; row < part.rows; ++row) {
          for (std::uint64_t col = 0; col < gather.cols; ++col) {
            const std::uint64_t groups_before = section * gather.groups + group;
            out.push_back((groups_before * gather.group_rows + part.first + row) * gather.cols + col);
          }
        }
      }
    }
  }
  return out;
}

/// The same by runs, for a range of the weight.
std::vector<std::uint64_t> by_runs(const RowGather& gather, std::uint64_t first, std::uint64_t count) {
  std::vector<std::uint64_t> out;
  for_each_run(gather, first, count, [&](std::uint64_t at, std::uint64_t done, std::uint64_t n) {
    CHECK(n > 0);
    CHECK(done == out.size());
    for (std::uint64_t i = 0; i < n; ++i) out.push_back(at + i);
  });
  return out;
}

constexpr RowGather three_parts{
    .groups = 3, .group_rows = 11, .cols = 5, .parts = {{{0, 2}, {2, 2}, {4, 4}}}};
constexpr RowGather last_part{.groups = 2, .group_rows = 7, .cols = 3, .parts = {{{4, 3}}}};
/// The rows of three heads of eight elements, whose pairs are neighbours in the tensor.
constexpr RowGather heads{.groups = 4, .group_rows = 2, .cols = 3, .parts = {{{0, 1}, {1, 1}}}, .sections = 3};

}  // namespace

TEST_CASE("every range of a gathered weight is where a loop over rows finds it") {
  for (const RowGather& gather : {three_parts, last_part, heads}) {
    const std::vector<std::uint64_t> all = elements(gather);
    for (std::uint64_t first = 0; first <= all.size(); ++first) {
      for (std::uint64_t count = 0; first + count <= all.size(); ++count) {
        const std::vector<std::uint64_t> expected(all.begin() + static_cast<std::ptrdiff_t>(first),
                                                  all.begin() + static_cast<std::ptrdiff_t>(first + count));
        if (by_runs(gather, first, count) != expected) FAIL("elements ", first, " + ", count);
      }
    }
  }
}

TEST_CASE("rows in their order are one run") {
  CHECK(by_runs({}, 7, 3) == std::vector<std::uint64_t>{7, 8, 9});
  CHECK(by_runs({}, 7, 0).empty());
}

TEST_CASE("a run for each part of each group") {
  int runs = 0;
  for_each_run(three_parts, 0, elements(three_parts).size(),
               [&](std::uint64_t /*at*/, std::uint64_t /*done*/, std::uint64_t /*n*/) { ++runs; });
  CHECK(runs == 9);
}

TEST_CASE("groups of scales are kept where all runs begin and end with them") {
  const RowGather gather{.groups = 2, .group_rows = 8, .cols = 16, .parts = {{{0, 2}, {2, 4}}}};
  CHECK(keeps_groups(gather, 0, 2 * 6 * 16, 32, 256));
  CHECK(!keeps_groups(gather, 0, 2 * 6 * 16, 64, 256));  // two rows are 32 elements
  CHECK(keeps_groups({}, 64, 64, 64, 256));
  CHECK(!keeps_groups({}, 32, 64, 64, 256));
  CHECK(!keeps_groups({}, 64, 96, 64, 256));
  CHECK(keeps_groups({}, 64, 96, 64, 160));  // to the tensor's end
  const RowGather one{.groups = 1, .group_rows = 5, .cols = 16, .parts = {{{4, 1}}}};
  CHECK(keeps_groups(one, 0, 16, 64, 80));  // likewise
  const RowGather two{.groups = 2, .group_rows = 5, .cols = 16, .parts = {{{4, 1}}}};
  CHECK(!keeps_groups(two, 0, 32, 64, 160));
}
