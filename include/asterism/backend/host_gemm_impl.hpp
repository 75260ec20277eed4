// Bodies of host_gemm.hpp.
#pragma once

#include <cstddef>
#include <utility>

#include "asterism/backend/host_gemm.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"

namespace asterism::backend {

ASTERISM_INLINE void HostGemm::keep(Buffer scratch) {
  if (scratch.size() < HostGemm::scratch()) {
    throw InvalidArgument(
        concat("HostGemm: ", to_string(scratch.size()), " of scratch; it needs ", to_string(HostGemm::scratch())));
  }
  scratch_ = std::move(scratch);
}

ASTERISM_INLINE void HostGemm::multiply(const Products& products) {
  if (scratch_.data() == nullptr) {
    throw InvalidArgument(concat("HostGemm has no scratch: keep ", to_string(HostGemm::scratch()), " first"));
  }
  const View<float> memory(reinterpret_cast<float*>(scratch_.data()), scratch_.size().count / sizeof(float));
  for (std::size_t i = 0; i < products.count; ++i) simd::gemm(products.at(products.body, i), memory, use_);
}

}  // namespace asterism::backend
