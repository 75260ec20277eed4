// The kernels of one job, by instruction set.
#pragma once

#include <type_traits>
#include <utility>

#include "asterism/simd/level.hpp"

namespace asterism::simd {

/// `Kernels`, an empty struct of static functions, compute on level L and on the levels that contain it, unless an
/// entry of the same list is nearer.
template <Level L, class Kernels>
struct On {
  static constexpr Level level = L;
  using kernels = Kernels;
};

/// A list of kernels with one interface, that of Level::portable first.
///
///     using VectorKernels = ByLevel<On<Level::portable, PortableVector>, On<Level::avx2, Avx2Vector>>;
///     VectorKernels::run(level, [&](auto kernels) { return kernels.maximum(x); });
template <class... Entries>
struct ByLevel {
  /// f(kernels) with those that serve `use`, which the machine must support.
  template <class F>
  static decltype(auto) run(Level use, F&& f) {
    return run_first<Entries...>(serving(use), std::forward<F>(f));
  }

  /// The level in the list whose kernels serve `use`.
  static constexpr Level serving(Level use) {
    while (((use != Entries::level) && ...)) use = info(use).below;
    return use;
  }

 private:
  template <class First, class... Rest, class F>
  static decltype(auto) run_first(Level chosen, F&& f) {
    if constexpr (sizeof...(Rest) > 0) {
      if (chosen != First::level) return run_first<Rest...>(chosen, std::forward<F>(f));
    }
    return std::forward<F>(f)(typename First::kernels{});
  }
};

}  // namespace asterism::simd
