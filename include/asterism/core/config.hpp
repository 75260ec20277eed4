// The few macros of the toolkit. A consumer defines none of them but ASTERISM_COMPILED, through the build system.
//
// Bodies that depend on no policy are in files x_impl.hpp next to x.hpp, which shows only the contract.
// Header-only, the default, x.hpp includes them at its end. With ASTERISM_COMPILED it does not: asterism.cpp and
// load.cpp compile them once per program, and all sources of the program must be compiled with it; see
// core/linkage.hpp.
#pragma once

#if __cplusplus < 202002L
#error "Asterism needs C++20: compile with -std=c++20"
#endif

#include "asterism/core/linkage.hpp"

/// Marks a function callable from host and device code; empty outside nvcc.
#if defined(__CUDACC__)
#define ASTERISM_HD __host__ __device__
#else
#define ASTERISM_HD
#endif

/// Marks the definitions in x_impl.hpp: `inline`, or nothing in the compiled form.
#if defined(ASTERISM_COMPILED)
#define ASTERISM_INLINE
#else
#define ASTERISM_INLINE inline
#endif
