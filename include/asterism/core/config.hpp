// The few macros of the toolkit. A consumer defines none of them but ASTERISM_COMPILED, and that by the build system.
//
// Bodies that depend on no policy stand in files x_impl.hpp beside x.hpp, which shows the contract alone. Header-only, the
// default, x.hpp includes them at its end. With ASTERISM_COMPILED it does not: asterism.cpp and load.cpp compile them once
// for a program, and all its sources must be compiled that way; see core/linkage.hpp.
#pragma once

#if __cplusplus < 202002L
#error "Asterism needs C++20: compile with -std=c++20"
#endif

#include "asterism/core/linkage.hpp"

/// Marks a function that host and device code may both call; empty outside nvcc.
#if defined(__CUDACC__)
#define ASTERISM_HD __host__ __device__
#else
#define ASTERISM_HD
#endif

/// Marks the definitions in x_impl.hpp: `inline`, or in the compiled form nothing.
#if defined(ASTERISM_COMPILED)
#define ASTERISM_INLINE
#else
#define ASTERISM_INLINE inline
#endif
