// The members and the kernel order of the shipped formats: declared, so that a source that has the templates
// does not compile them again; or defined, where ASTERISM_TEMPLATE is `template`.
#pragma once

#include "asterism/quant/group_int_templates.hpp"
#include "asterism/quant/kernel_order_templates.hpp"
#include "asterism/quant/nf4_templates.hpp"
#include "asterism/quant/shipped.hpp"

#if !defined(ASTERISM_TEMPLATE)
#define ASTERISM_TEMPLATE extern template
#endif

namespace asterism {

#define ASTERISM_INSTANTIATE(...)                                                                       \
  ASTERISM_TEMPLATE void quant::to_kernel_order<__VA_ARGS__>(std::byte*, std::uint64_t, std::uint64_t); \
  ASTERISM_TEMPLATE void quant::to_standard<__VA_ARGS__>(std::byte*, std::uint64_t, std::uint64_t);     \
  ASTERISM_TEMPLATE void quant::decode<__VA_ARGS__>(quant::KernelMatrixRef<__VA_ARGS__>, std::uint64_t, \
                                                    View<float>);
ASTERISM_SHIPPED_NUMBERS(ASTERISM_INSTANTIATE)
ASTERISM_SHIPPED_BLOCKWISE(ASTERISM_INSTANTIATE)
ASTERISM_SHIPPED_GGML(ASTERISM_INSTANTIATE)
#undef ASTERISM_INSTANTIATE

#define ASTERISM_INSTANTIATE(...) ASTERISM_TEMPLATE struct __VA_ARGS__;
ASTERISM_SHIPPED_BLOCKWISE(ASTERISM_INSTANTIATE)
#undef ASTERISM_INSTANTIATE

}  // namespace asterism

#undef ASTERISM_TEMPLATE
