// The bodies of the room simd that depend on no policy, compiled once for a program in the compiled form
// (ASTERISM_COMPILED), beside asterism.cpp: kernels for many instruction sets take a compiler long.

#include "asterism/simd/dot_impl.hpp"
#include "asterism/simd/gemm_impl.hpp"
#include "asterism/simd/instantiate_impl.hpp"
#include "asterism/simd/integer_product_impl.hpp"
#include "asterism/simd/level_impl.hpp"
#include "asterism/simd/product/check_impl.hpp"
#include "asterism/simd/recurrent_impl.hpp"
#include "asterism/simd/silu_backward_impl.hpp"
#include "asterism/simd/silu_impl.hpp"
#include "asterism/simd/tuning_impl.hpp"
#include "asterism/simd/vector_impl.hpp"
