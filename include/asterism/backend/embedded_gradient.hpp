// The gradient of an embedding that is narrower than float32.
#pragma once

#include <cstddef>

#include "asterism/core/config.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/core/view.hpp"
#include "asterism/parallel/execution_ref.hpp"
#include "asterism/quant/float_storage.hpp"

namespace asterism::backend {

/// table(ids[i], :) += dy(i, :), dy (n, hidden), table (vocabulary, hidden) in `storage`, without gaps: the rows of an
/// id are added in float32, in their order, and what they are added to is rounded once. `scratch` has n floats at
/// least, else InvalidArgument. Allocates nothing.
void add_embedded(const parallel::ExecutionRef& execution, View<const TokenId> ids, MatrixView<const float> dy,
                  quant::FloatStorage storage, std::byte* table, View<float> scratch);

}  // namespace asterism::backend

#if !defined(ASTERISM_COMPILED)
#include "asterism/backend/embedded_gradient_impl.hpp"
#endif
