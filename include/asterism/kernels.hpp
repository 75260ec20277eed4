// The bodies of kernels as templates: for a program in the compiled form that has a weight format, a format of keys and
// values, or blocks and groups of its own. Header-only programs have them anyway.
//
// The compiled form holds the kernels of shipped formats (quant/shipped.hpp). Without this header a program with
// another one does not link, and the linker names what it lacks: `asterism::simd::product<Own>`. With it the shipped
// ones are not compiled again.
#pragma once

#include "asterism/backend/host_attention_mass_templates.hpp"
#include "asterism/backend/host_attention_templates.hpp"
#include "asterism/backend/kv_format_templates.hpp"
#include "asterism/quant/group_int_templates.hpp"
#include "asterism/quant/kernel_order_templates.hpp"
#include "asterism/quant/nf4_templates.hpp"
#include "asterism/simd/integer_product_templates.hpp"
#include "asterism/simd/product_templates.hpp"
#include "asterism/simd/vector_templates.hpp"

#if defined(ASTERISM_COMPILED)
#include "asterism/backend/shipped_kernels.hpp"
#include "asterism/quant/shipped_kernels.hpp"
#include "asterism/simd/shipped_kernels.hpp"
#endif
