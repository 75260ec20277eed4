// Attention over the shipped formats of keys and values: declared, so that a source that has the templates
// does not compile them again; or defined, where ASTERISM_TEMPLATE is `template`.
#pragma once

#include "asterism/backend/host_attention_mass_templates.hpp"
#include "asterism/backend/host_attention_templates.hpp"
#include "asterism/backend/kv_format_templates.hpp"
#include "asterism/quant/shipped.hpp"
#include "asterism/simd/vector.hpp"
#include "asterism/simd/vector_templates.hpp"

#if !defined(ASTERISM_TEMPLATE)
#define ASTERISM_TEMPLATE extern template
#endif

namespace asterism::backend {

#define ASTERISM_INSTANTIATE(...)                                                                                \
  ASTERISM_TEMPLATE void attend_rows<__VA_ARGS__>(MatrixView<const float>, const KvView<__VA_ARGS__>&,           \
                                                  std::size_t, std::size_t, std::size_t, MatrixView<float>,      \
                                                  simd::Level);                                                  \
  ASTERISM_TEMPLATE void attend_block<__VA_ARGS__>(MatrixView<const float>, const KvView<__VA_ARGS__>&,          \
                                                   std::size_t, std::size_t, std::size_t, std::size_t, Softmax*, \
                                                   float*, simd::Level);                                         \
  ASTERISM_TEMPLATE void add_attention_mass<__VA_ARGS__>(MatrixView<const float>, const KvView<__VA_ARGS__>&,    \
                                                         std::size_t, std::size_t, View<float>, View<float>,     \
                                                         simd::Level);
#define ASTERISM_INSTANTIATE_GROUP(group)                \
  ASTERISM_TEMPLATE struct KvFormat<quant::Int8<group>>; \
  ASTERISM_INSTANTIATE(quant::Int8<group>)
ASTERISM_INSTANTIATE(quant::Float32)
ASTERISM_INSTANTIATE(quant::Float16)
ASTERISM_SHIPPED_KV_GROUPS(ASTERISM_INSTANTIATE_GROUP)
#undef ASTERISM_INSTANTIATE_GROUP
#undef ASTERISM_INSTANTIATE

}  // namespace asterism::backend

#undef ASTERISM_TEMPLATE
