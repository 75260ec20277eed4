// The tables of NF4 on the device.
#pragma once

#include <array>
#include <cstddef>
#include <cuda_runtime.h>

#include "asterism/cuda/quant/decode.hpp"
#include "asterism/cuda/quant/stored_matrix.hpp"
#include "asterism/quant/nf4_table.hpp"

#pragma GCC visibility push(hidden)
namespace asterism::cuda {

template <std::size_t N>
struct Table {
  float at[N] = {};
};
template <std::size_t N>
constexpr Table<N> table_of(const std::array<float, N>& from) {
  Table<N> out;
  for (std::size_t i = 0; i < N; ++i) out.at[i] = from[i];
  return out;
}

static __device__ const Table<16> nf4_values = table_of(quant::nf4_table);
static __device__ const Table<256> nf4_scales = table_of(quant::dynamic_map);

/// Shared memory for the tables that a storage needs.
template <Storage storage>
struct SharedTables {
  float values[storage == Storage::nf4 || storage == Storage::nf4_double_quantized ? 16 : 1];
  float scales[storage == Storage::nf4_double_quantized ? 256 : 1];
};

/// Fills them, using all threads of a block, and synchronises. All threads call it.
template <Storage storage>
__device__ Nf4Tables load_tables(SharedTables<storage>& shared) {
  if constexpr (storage == Storage::nf4 || storage == Storage::nf4_double_quantized) {
    for (unsigned i = threadIdx.x; i < 16; i += blockDim.x) shared.values[i] = nf4_values.at[i];
    if constexpr (storage == Storage::nf4_double_quantized) {
      for (unsigned i = threadIdx.x; i < 256; i += blockDim.x) shared.scales[i] = nf4_scales.at[i];
    }
    __syncthreads();
  }
  return {.values = shared.values, .scales = shared.scales};
}

/// Calls `f.template operator()<storage>()` with the matrix's storage.
template <class F>
void with_storage(Storage storage, F&& f) {
  switch (storage) {
    case Storage::float32:
      return f.template operator()<Storage::float32>();
    case Storage::bfloat16:
      return f.template operator()<Storage::bfloat16>();
    case Storage::float16:
      return f.template operator()<Storage::float16>();
    case Storage::nf4:
      return f.template operator()<Storage::nf4>();
    case Storage::nf4_double_quantized:
      return f.template operator()<Storage::nf4_double_quantized>();
  }
}

}  // namespace asterism::cuda
#pragma GCC visibility pop
