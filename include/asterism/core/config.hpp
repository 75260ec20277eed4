// The few macros of the toolkit; a consumer may define none of them.
#pragma once

/// Marks a function that host and device code may both call; empty outside nvcc.
#if defined(__CUDACC__)
#define ASTERISM_HD __host__ __device__
#else
#define ASTERISM_HD
#endif
