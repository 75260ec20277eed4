// Kernels for formats of one's own in the compiled form: a source that uses such a format includes this, and compiles its
// products. Header-only, load.hpp and asterism.hpp have them already.
#pragma once

#include "asterism/simd/integer_product.hpp"
#include "asterism/simd/product.hpp"
