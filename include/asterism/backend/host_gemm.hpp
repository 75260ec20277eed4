// Many products of float32 matrices at once on the CPU's threads: those of a layer's experts.
#pragma once

#include <cstddef>
#include <memory>
#include <type_traits>

#include "asterism/backend/arena.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/config.hpp"
#include "asterism/parallel/execution_ref.hpp"
#include "asterism/simd/gemm.hpp"

namespace asterism::backend {

/// simd::gemm for many products, with the same bits, for any number of threads, of which 64 work at once. The operands
/// are packed by all threads together, as much as has room in one round after another. Not thread-safe.
class HostGemm {
 public:
  /// `use`: the instruction set, which the machine must support.
  explicit HostGemm(parallel::ExecutionRef execution, simd::Level use = simd::level())
      : execution_(execution), use_(use) {}

  /// Memory that products of any size and number share.
  static constexpr Bytes scratch() { return 12_MiB; }

  /// Takes that memory. Throws InvalidArgument if it is less than `scratch()`.
  void keep(Buffer scratch);

  /// Computes the products product_of(i), i < count, each a simd::Gemm; their results do not overlap one another or
  /// any operand. product_of is called by the calling thread, perhaps several times for an i. Throws InvalidArgument
  /// as simd::gemm does, with some of the products done, and where no memory was kept. Allocates nothing.
  template <class F>
  void multiply(std::size_t count, F&& product_of) {
    using Body = std::remove_reference_t<F>;
    multiply(Products{count, const_cast<void*>(static_cast<const void*>(std::addressof(product_of))),
                      [](void* body, std::size_t i) -> simd::Gemm { return (*static_cast<Body*>(body))(i); }});
  }

 private:
  /// A borrowed list.
  struct Products {
    std::size_t count;
    void* body;
    simd::Gemm (*at)(void* body, std::size_t i);
  };

  class Round;

  void multiply(const Products& products);

  parallel::ExecutionRef execution_;
  simd::Level use_;
  Buffer scratch_;
};

}  // namespace asterism::backend

#if !defined(ASTERISM_COMPILED)
#include "asterism/backend/host_gemm_impl.hpp"
#endif
