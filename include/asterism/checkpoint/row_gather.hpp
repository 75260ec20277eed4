// Rows of a tensor that stand in another order than in the weight which they make up.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

namespace asterism::checkpoint {

/// The rows of a weight (rows, cols) in a tensor whose rows form `groups` of `group_rows`. The weight is its parts, one
/// after the other; a part is the same rows of each group, group after group. Several sections, such as heads, are each
/// a weight of that kind, one after the other in both.
struct RowGather {
  struct Part {
    std::uint64_t first = 0;  ///< row of a group
    std::uint64_t rows = 0;   ///< of each group; 0: no part
  };

  std::uint64_t groups = 0;  ///< 0: all rows stand in the weight's order
  std::uint64_t group_rows = 0;
  std::uint64_t cols = 0;
  std::array<Part, 3> parts{};
  std::uint64_t sections = 1;

  constexpr bool in_order() const { return groups == 0; }
};

/// Calls f(at, done, n) for each run of neighbours among elements [first, first + count) of a weight, in their order:
/// elements [at, at + n) of the tensor are those from first + done on. The range is inside the weight.
template <class F>
constexpr void for_each_run(const RowGather& gather, std::uint64_t first, std::uint64_t count, F&& f) {
  if (gather.in_order()) {
    if (count > 0) f(first, std::uint64_t{0}, count);
    return;
  }
  const std::uint64_t section_elements = gather.groups * gather.group_rows * gather.cols;
  std::uint64_t done = 0;
  std::uint64_t begin = 0;  // of the part
  for (std::uint64_t section = 0; section < gather.sections; ++section) {
    for (const RowGather::Part& part : gather.parts) {
      const std::uint64_t run = part.rows * gather.cols;
      const std::uint64_t end = begin + gather.groups * run;
      while (done < count && first + done < end) {
        const std::uint64_t place = first + done - begin;
        const std::uint64_t inside = place % run;
        const std::uint64_t n = std::min(run - inside, count - done);
        const std::uint64_t row = place / run * gather.group_rows + part.first;
        f(section * section_elements + row * gather.cols + inside, done, n);
        done += n;
      }
      begin = end;
    }
  }
}

/// Whether each run among elements [first, first + count) begins and ends with whole groups of `group` elements, in the
/// tensor as in the range; a last group may be short where the tensor ends.
constexpr bool keeps_groups(const RowGather& gather, std::uint64_t first, std::uint64_t count, std::uint64_t group,
                            std::uint64_t tensor_elements) {
  bool whole = true;
  for_each_run(gather, first, count, [&](std::uint64_t at, std::uint64_t done, std::uint64_t n) {
    const bool to_end = at + n == tensor_elements && done + n == count;
    whole = whole && at % group == 0 && done % group == 0 && (n % group == 0 || to_end);
  });
  return whole;
}

}  // namespace asterism::checkpoint
