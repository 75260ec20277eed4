// Bodies of limits.hpp.
#pragma once

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/knowledge/index/limits.hpp"

namespace asterism::knowledge::detail {

ASTERISM_INLINE void refuse_limits(std::size_t dim, std::uint32_t rows) {
  throw InvalidArgument(concat("an index of ", rows, " rows of ", dim, " numbers: rows are 1 to ",
                               IndexLimits::most_rows, ", numbers 1 to ", IndexLimits::most_dim));
}

}  // namespace asterism::knowledge::detail
