// The kernels of the shipped formats: declared, so that a source that has the templates
// does not compile them again; or defined, where ASTERISM_TEMPLATE is `template`.
#pragma once

#include "asterism/quant/bfloat16.hpp"
#include "asterism/quant/double_quantized.hpp"
#include "asterism/quant/float16.hpp"
#include "asterism/quant/float32.hpp"
#include "asterism/quant/group_int_templates.hpp"
#include "asterism/quant/kernel_order_templates.hpp"
#include "asterism/quant/nf4_templates.hpp"
#include "asterism/quant/plain_scales.hpp"
#include "asterism/quant/shipped.hpp"
#include "asterism/simd/integer_product_templates.hpp"
#include "asterism/simd/product_templates.hpp"
#include "asterism/simd/stored_row.hpp"
#include "asterism/simd/vector_templates.hpp"

#if !defined(ASTERISM_TEMPLATE)
#define ASTERISM_TEMPLATE extern template
#endif

namespace asterism::simd {

#define ASTERISM_INSTANTIATE(...)                                                                           \
  ASTERISM_TEMPLATE void product<__VA_ARGS__>(quant::KernelMatrixRef<__VA_ARGS__>, MatrixView<const float>, \
                                              MatrixView<float>, std::size_t, std::size_t, Level);
ASTERISM_SHIPPED_NUMBERS(ASTERISM_INSTANTIATE)
ASTERISM_SHIPPED_BLOCKWISE(ASTERISM_INSTANTIATE)
ASTERISM_SHIPPED_GGML(ASTERISM_INSTANTIATE)
#undef ASTERISM_INSTANTIATE

#define ASTERISM_INSTANTIATE_GROUP(group, ...)                                                          \
  ASTERISM_TEMPLATE void product<__VA_ARGS__, group>(quant::KernelMatrixRef<__VA_ARGS__>, const Rows8&, \
                                                     MatrixView<float>, std::size_t, std::size_t, Level);
#define ASTERISM_INSTANTIATE(...)                                        \
  ASTERISM_INSTANTIATE_GROUP(quant::Int8Activations::group, __VA_ARGS__) \
  ASTERISM_INSTANTIATE_GROUP(quant::WideInt8Activations::group, __VA_ARGS__)
ASTERISM_SHIPPED_INTEGER(ASTERISM_INSTANTIATE)
ASTERISM_SHIPPED_GGML_INTEGER(ASTERISM_INSTANTIATE)
#undef ASTERISM_INSTANTIATE_GROUP
#undef ASTERISM_INSTANTIATE

#define ASTERISM_INSTANTIATE(...)                                                                                \
  ASTERISM_TEMPLATE void dots<__VA_ARGS__>(View<const float* const>, StoredRows<__VA_ARGS__>, MatrixView<float>, \
                                           Level);                                                               \
  ASTERISM_TEMPLATE void add_weighted<__VA_ARGS__>(MatrixView<const float>, StoredRows<__VA_ARGS__>,             \
                                                   View<float* const>, Level);                                   \
  ASTERISM_TEMPLATE void widen<__VA_ARGS__>(StoredRows<__VA_ARGS__>, float*, Level);
#define ASTERISM_INSTANTIATE_GROUP(group) ASTERISM_INSTANTIATE(Int8Row<group>)
ASTERISM_INSTANTIATE(Float32Row)
ASTERISM_INSTANTIATE(Float16Row)
ASTERISM_INSTANTIATE(WidenedRow)
ASTERISM_SHIPPED_KV_GROUPS(ASTERISM_INSTANTIATE_GROUP)
#undef ASTERISM_INSTANTIATE_GROUP
#undef ASTERISM_INSTANTIATE

}  // namespace asterism::simd

#undef ASTERISM_TEMPLATE
