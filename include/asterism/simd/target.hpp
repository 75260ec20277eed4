// Attributes of functions that are compiled for an instruction set regardless of compiler flags. They must not be
// called on a machine that lacks it: see level.hpp.
#pragma once

/// Level::avx2.
#define ASTERISM_AVX2 __attribute__((target("avx2,fma,f16c")))
/// The floating-point part of Level::avx512.
#define ASTERISM_AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,fma,f16c")))
/// All of Level::avx512: with 128-byte lookups and products of bytes.
#define ASTERISM_AVX512_BYTES \
  __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni,fma,f16c")))

/// Level::dotprod and Level::i8mm; Level::neon is what every aarch64 processor has.
#if defined(__clang__)
#define ASTERISM_DOTPROD __attribute__((target("dotprod")))
#define ASTERISM_I8MM __attribute__((target("dotprod,i8mm")))
#else
#define ASTERISM_DOTPROD __attribute__((target("arch=armv8.2-a+dotprod")))
#define ASTERISM_I8MM __attribute__((target("arch=armv8.2-a+dotprod+i8mm")))
#endif

/// Unrolls a loop over registers of up to 16 rounds completely.
#if defined(__clang__)
#define ASTERISM_UNROLL _Pragma("clang loop unroll(full)")
#else
#define ASTERISM_UNROLL _Pragma("GCC unroll 16")
#endif
