// One step of Adam on a few elements at a time: one source, compiled for each instruction set.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "asterism/core/view.hpp"
#include "asterism/simd/by_level.hpp"
#include "asterism/simd/target.hpp"

namespace asterism::train::detail {

/// The numbers of a step that all elements share.
struct AdamStep {
  float beta1;
  float beta2;
  float fresh1;  ///< 1 - beta1
  float fresh2;  ///< 1 - beta2
  float kept;    ///< 1 - rate decay: what decay leaves of a weight
  float stride;  ///< rate / (1 - beta1^t)
  float root;    ///< sqrt(1 - beta2^t)
  float epsilon;
};

/// The step t >= 1 of a rate, in double until each number is rounded once.
inline AdamStep adam_step(float beta1, float beta2, float epsilon, float decay, std::int64_t step, float rate) {
  const double first = 1 - std::pow(double{beta1}, static_cast<double>(step));
  const double second = 1 - std::pow(double{beta2}, static_cast<double>(step));
  return {.beta1 = beta1,
          .beta2 = beta2,
          .fresh1 = static_cast<float>(1 - double{beta1}),
          .fresh2 = static_cast<float>(1 - double{beta2}),
          .kept = static_cast<float>(1 - double{rate} * double{decay}),
          .stride = static_cast<float>(double{rate} / first),
          .root = static_cast<float>(std::sqrt(second)),
          .epsilon = epsilon};
}

/// Gradient, weights and both moments of some elements, of one size.
struct AdamSpan {
  const float* gradient;
  float* weights;
  float* m;
  float* v;
  std::size_t size;

  AdamSpan from(std::size_t first, std::size_t count) const {
    return {gradient + first, weights + first, m + first, v + first, count};
  }
};

template <class Kernels>
__attribute__((always_inline)) inline void adam_lanes(const AdamStep& step, const AdamSpan& span) {
  using Floats = typename Kernels::Floats;
  Floats g;
  Floats w;
  Floats m;
  Floats v;
  std::memcpy(&g, span.gradient, sizeof g);
  std::memcpy(&w, span.weights, sizeof w);
  std::memcpy(&m, span.m, sizeof m);
  std::memcpy(&v, span.v, sizeof v);
  m = m * step.beta1 + g * step.fresh1;
  v = v * step.beta2 + g * g * step.fresh2;
  Floats denominator = v;
  Kernels::take_root(denominator);
  denominator = denominator / step.root + step.epsilon;
  w = w * step.kept - m / denominator * step.stride;
  std::memcpy(span.weights, &w, sizeof w);
  std::memcpy(span.m, &m, sizeof m);
  std::memcpy(span.v, &v, sizeof v);
}

/// In pieces of the kernels' width; the last one through copies, so that an element's bits don't depend on its place.
template <class Kernels>
__attribute__((always_inline)) inline void adam_pieces(const AdamStep& step, const AdamSpan& span) {
  constexpr std::size_t lanes = sizeof(typename Kernels::Floats) / sizeof(float);
  std::size_t i = 0;
  for (; i + lanes <= span.size; i += lanes) adam_lanes<Kernels>(step, span.from(i, lanes));
  const std::size_t left = span.size - i;
  if (left == 0) return;
  float copies[4][lanes] = {};
  std::memcpy(copies[0], span.gradient + i, left * sizeof(float));
  std::memcpy(copies[1], span.weights + i, left * sizeof(float));
  std::memcpy(copies[2], span.m + i, left * sizeof(float));
  std::memcpy(copies[3], span.v + i, left * sizeof(float));
  adam_lanes<Kernels>(step, {copies[0], copies[1], copies[2], copies[3], lanes});
  std::memcpy(span.weights + i, copies[1], left * sizeof(float));
  std::memcpy(span.m + i, copies[2], left * sizeof(float));
  std::memcpy(span.v + i, copies[3], left * sizeof(float));
}

struct PortableAdam {
  using Floats [[gnu::vector_size(16)]] = float;

  static void take_root(Floats& x) {
#if defined(__SSE__)
    x = __builtin_ia32_sqrtps(x);
#else
    x = Floats{std::sqrt(x[0]), std::sqrt(x[1]), std::sqrt(x[2]), std::sqrt(x[3])};
#endif
  }
  static void update(const AdamStep& step, const AdamSpan& span) { adam_pieces<PortableAdam>(step, span); }
};

#if defined(__x86_64__)
struct Avx2Adam {
  using Floats [[gnu::vector_size(32)]] = float;

  ASTERISM_AVX2 static void take_root(Floats& x) { x = __builtin_ia32_sqrtps256(x); }
  ASTERISM_AVX2 static void update(const AdamStep& step, const AdamSpan& span) {
    adam_pieces<Avx2Adam>(step, span);
  }
};
using AdamKernels =
    simd::ByLevel<simd::On<simd::Level::portable, PortableAdam>, simd::On<simd::Level::avx2, Avx2Adam>>;
#else
using AdamKernels = simd::ByLevel<simd::On<simd::Level::portable, PortableAdam>>;
#endif

/// One step of all elements of the span on a level that the machine supports.
inline void adam(const AdamStep& step, const AdamSpan& span, simd::Level level) {
  AdamKernels::run(level, [&](auto kernels) { kernels.update(step, span); });
}

}  // namespace asterism::train::detail
