// Marks of functions that are compiled for an instruction set whatever the compiler's flags. Nobody calls them on a
// machine that lacks it: see level.hpp.
#pragma once

/// Level::avx2.
#define ASTERISM_AVX2 __attribute__((target("avx2,fma,f16c")))
/// What Level::avx512 has for floats.
#define ASTERISM_AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,fma,f16c")))
/// All of Level::avx512: with lookups in 128 bytes and products of bytes.
#define ASTERISM_AVX512_BYTES \
  __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni,fma,f16c")))

/// Before a loop over registers: up to 16 rounds, so that none is left.
#if defined(__clang__)
#define ASTERISM_UNROLL _Pragma("clang loop unroll(full)")
#else
#define ASTERISM_UNROLL _Pragma("GCC unroll 16")
#endif
