// Recurrent kernels for processors with AVX-512. Compiled without a flag: only the functions marked here use these
// instructions, and they are called only if `supported(Level::avx512)`.
#pragma once

#if defined(__x86_64__)

#include <cmath>
#include <cstddef>
#include <cstdint>

#include <immintrin.h>

#include "asterism/core/view.hpp"
#include "asterism/simd/attention/avx512_stored_row.hpp"
#include "asterism/simd/recurrent.hpp"
#include "asterism/simd/recurrent/avx2_recurrent.hpp"
#include "asterism/simd/target.hpp"

#if !defined(__clang__)  // g++ 12 warns about the undefined registers of its own intrinsics
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif

namespace asterism::simd {

/// The kernels of Level::avx512; see `recurrent.hpp`.
struct Avx512Recurrent {
  static void delta_rule(const DeltaBlock& block) {
    if (block.v.rows == 1 && block.v.cols % 16 == 0) return one_token(block);
    const std::size_t width = resident_columns(block.q.cols);
    for (std::size_t c = 0; c < block.v.cols; c += width) {
      const std::size_t left = block.v.cols - c;
      many_tokens(block.columns(c, left < width ? left : width));
    }
  }

  ASTERISM_AVX512 static void convolve(View<const float* const> rows, MatrixView<const float> taps,
                                       View<float> y) {
    for (std::size_t c = 0; c < y.size; c += 16) {
      const std::size_t count = y.size - c;
      __m512 sum = _mm512_setzero_ps();
      for (std::size_t j = 0; j < rows.size; ++j) {
        const float* const tap = taps.data + j * taps.stride + c;
        sum = _mm512_fmadd_ps(load(tap, count), load(rows.data[j] + c, count), sum);
      }
      store(y.data + c, count, sum);
    }
  }

  /// See PortableRecurrent::inverse_norm.
  ASTERISM_AVX512 static float inverse_norm(const float* x, std::size_t n) {
    __m512 squares = _mm512_setzero_ps();
    for (std::size_t i = 0; i < n; i += 16) {
      const __m512 piece = load(x + i, n - i);
      squares = _mm512_fmadd_ps(piece, piece, squares);
    }
    const __m256 high = _mm512_extractf32x8_ps(squares, 1);
    return Avx2Recurrent::inverse_norm(_mm256_add_ps(_mm512_castps512_ps256(squares), high));
  }

 private:
  /// The first `count` of 16 values, then zeros.
  ASTERISM_AVX512 static __m512 load(const float* from, std::size_t count) {
    return _mm512_maskz_loadu_ps(Avx512StoredRow::lanes(count), from);
  }
  ASTERISM_AVX512 static void store(float* to, std::size_t count, __m512 values) {
    _mm512_mask_storeu_ps(to, Avx512StoredRow::lanes(count), values);
  }

  /// What a token does to rows of a state: their part of its key and query, and of the next key. The sums have an
  /// element a column.
  struct Rows {
    std::size_t count;
    const float* k;
    const float* q;
    const float* next_k;
    float decay;
    const float* d;
    float* from_query;  ///< S^T q
    float* from_key;    ///< S^T next_k
  };
  /// Of many tokens all rows at once, the last of them without a next key; of one token some rows, whose state may be
  /// written past the caches.
  enum class Sweep { within, last, alone, alone_bypassing };

  static void many_tokens(const DeltaBlock& block) {
    block.v.cols > 16 ? many_tokens_of<2>(block) : many_tokens_of<1>(block);
  }

  /// In a copy of the columns that stays in the first-level cache, with columns of zeros up to a whole vector.
  template <std::size_t Vectors>
  ASTERISM_AVX512 static void many_tokens_of(const DeltaBlock& block) {
    constexpr std::size_t width = 16 * Vectors;
    const std::size_t tokens = block.v.rows;
    const std::size_t keys = block.q.cols;
    alignas(64) float state[resident_floats];
    alignas(64) float d[width];
    alignas(64) float from_query[width];
    alignas(64) float from_key[width] = {};
    for (std::size_t i = 0; i < keys; ++i)
      copy(block.before.data + i * block.before.stride, block.v.cols, state + i * width, width);
    const float* k = block.k.data;
    add_rows<Vectors>(k, state, width, keys, from_key);
    float key_scale = inverse_norm(k, keys);
    for (std::size_t t = 0; t < tokens; ++t) {
      correct<Vectors>(block, t, key_scale, from_key, d);
      const float* const q = block.q.data + t * block.q.stride;
      const float* const next_k = t + 1 < tokens ? k + block.k.stride : nullptr;
      fetch(block.out.data + t * block.out.stride);
      if (next_k != nullptr) fetch(block.v.data + (t + 1) * block.v.stride);
      // Scales are made before the sweep, which hides how long they take.
      if (next_k != nullptr) key_scale = inverse_norm(next_k, keys);
      const float query_scale = inverse_norm(q, keys);
      const Rows rows{keys, k, q, next_k, block.decay.data[t * block.decay.stride], d, from_query, from_key};
      if (next_k != nullptr) {
        sweep<Vectors, Sweep::within>(rows, state, width, state, width);
      } else {
        sweep<Vectors, Sweep::last>(rows, state, width, state, width);
      }
      answer<Vectors>(block, t, query_scale, from_query);
      k = next_k;
    }
    for (std::size_t i = 0; i < keys; ++i)
      copy(state + i * width, block.v.cols, block.after.data + i * block.after.stride, block.v.cols);
  }

  /// The state is read twice, the second time from the second-level cache, and written once, both in the order of
  /// memory: some rows of all columns after the other.
  ASTERISM_AVX512 static void one_token(const DeltaBlock& block) {
    const std::size_t keys = block.q.cols;
    const std::size_t columns = block.v.cols;
    alignas(64) float d[most_delta_columns];
    alignas(64) float from_query[most_delta_columns] = {};
    alignas(64) float from_key[most_delta_columns] = {};
    for (std::size_t i = 0; i < keys; i += rows_at_once) {
      const std::size_t count = keys - i < rows_at_once ? keys - i : rows_at_once;
      const float* const from = block.before.data + i * block.before.stride;
      std::size_t c = 0;
      for (; c + 32 <= columns; c += 32)
        add_rows<2>(block.k.data + i, from + c, block.before.stride, count, from_key + c);
      for (; c < columns; c += 16)
        add_rows<1>(block.k.data + i, from + c, block.before.stride, count, from_key + c);
    }
    const float key_scale = inverse_norm(block.k.data, keys);
    for (std::size_t c = 0; c < columns; c += 16)
      correct<1>(block.columns(c, 16), 0, key_scale, from_key + c, d + c);
    const std::uintptr_t places =
        reinterpret_cast<std::uintptr_t>(block.after.data) | (block.after.stride | columns) * sizeof(float);
    if (block.bypass && places % 64 == 0) {
      sweep_all<Sweep::alone_bypassing>(block, d, from_query);
      _mm_sfence();  // other threads see what was written past the caches
    } else {
      sweep_all<Sweep::alone>(block, d, from_query);
    }
    const float query_scale = inverse_norm(block.q.data, keys);
    for (std::size_t c = 0; c < columns; c += 16) answer<1>(block.columns(c, 16), 0, query_scale, from_query + c);
  }
  template <Sweep Kind>
  ASTERISM_AVX512 static void sweep_all(const DeltaBlock& block, const float* d, float* from_query) {
    const std::size_t keys = block.q.cols;
    const std::size_t columns = block.v.cols;
    for (std::size_t i = 0; i < keys; i += rows_at_once) {
      const std::size_t count = keys - i < rows_at_once ? keys - i : rows_at_once;
      const float* const from = block.before.data + i * block.before.stride;
      float* const to = block.after.data + i * block.after.stride;
      Rows rows{count, block.k.data + i, block.q.data + i, nullptr, block.decay.data[0], d, from_query, nullptr};
      std::size_t c = 0;
      for (; c + 32 <= columns; c += 32, rows.d += 32, rows.from_query += 32)
        sweep<2, Kind>(rows, from + c, block.before.stride, to + c, block.after.stride);
      for (; c < columns; c += 16, rows.d += 16, rows.from_query += 16)
        sweep<1, Kind>(rows, from + c, block.before.stride, to + c, block.after.stride);
    }
  }

  /// d = beta (v - decay S^T k), times the scale of the key, which S^T k and k d^T lack.
  template <std::size_t Vectors>
  ASTERISM_AVX512 static void correct(const DeltaBlock& block, std::size_t t, float key_scale,
                                      const float* from_key, float* d) {
    const __m512 expected = _mm512_set1_ps(block.decay.data[t * block.decay.stride] * key_scale);
    const __m512 gain = _mm512_set1_ps(block.beta.data[t * block.beta.stride] * key_scale);
    const float* const v = block.v.data + t * block.v.stride;
    ASTERISM_UNROLL
    for (std::size_t j = 0; j < Vectors; ++j) {
      const __m512 value = load(v + 16 * j, block.v.cols - 16 * j);
      const __m512 error = _mm512_fnmadd_ps(expected, _mm512_load_ps(from_key + 16 * j), value);
      _mm512_store_ps(d + 16 * j, _mm512_mul_ps(gain, error));
    }
  }
  template <std::size_t Vectors>
  ASTERISM_AVX512 static void answer(const DeltaBlock& block, std::size_t t, float query_scale,
                                     const float* from_query) {
    const float width_scale = 1.0F / std::sqrt(static_cast<float>(block.q.cols));
    const __m512 scale = _mm512_set1_ps(query_scale * width_scale);
    float* const out = block.out.data + t * block.out.stride;
    ASTERISM_UNROLL
    for (std::size_t j = 0; j < Vectors; ++j) {
      store(out + 16 * j, block.v.cols - 16 * j, _mm512_mul_ps(scale, _mm512_load_ps(from_query + 16 * j)));
    }
  }

  /// Asks for 32 columns of a row that lies far from the last token's: a processor does not foresee it.
  ASTERISM_AVX512 static void fetch(const float* row) {
    _mm_prefetch(reinterpret_cast<const char*>(row), _MM_HINT_T0);
    _mm_prefetch(reinterpret_cast<const char*>(row + 16), _MM_HINT_T0);
  }

  /// The first `count` values of a row of `width`, then zeros.
  ASTERISM_AVX512 static void copy(const float* from, std::size_t count, float* to, std::size_t width) {
    for (std::size_t c = 0; c < width; c += 16) store(to + c, width - c, load(from + c, count - c));
  }

  /// sums += S^T k for some rows of S.
  template <std::size_t Vectors>
  ASTERISM_AVX512 static void add_rows(const float* k, const float* state, std::size_t stride, std::size_t rows,
                                       float* sums) {
    __m512 sum[Vectors];
    ASTERISM_UNROLL
    for (std::size_t j = 0; j < Vectors; ++j) sum[j] = _mm512_load_ps(sums + 16 * j);
    for (std::size_t i = 0; i < rows; ++i) {
      const __m512 key = _mm512_set1_ps(k[i]);
      ASTERISM_UNROLL
      for (std::size_t j = 0; j < Vectors; ++j) {
        sum[j] = _mm512_fmadd_ps(key, _mm512_loadu_ps(state + i * stride + 16 * j), sum[j]);
      }
    }
    ASTERISM_UNROLL
    for (std::size_t j = 0; j < Vectors; ++j) _mm512_store_ps(sums + 16 * j, sum[j]);
  }

  /// S <- decay S + k d^T for some rows, from `state` to `to`, and what they add to the sums.
  template <std::size_t Vectors, Sweep Kind>
  ASTERISM_AVX512 static void sweep(const Rows& rows, const float* state, std::size_t stride, float* to,
                                    std::size_t to_stride) {
    constexpr bool has_next = Kind == Sweep::within;
    constexpr bool all_rows = Kind == Sweep::within || Kind == Sweep::last;
    const __m512 decay = _mm512_set1_ps(rows.decay);
    __m512 d[Vectors];
    __m512 from_query[Vectors];
    __m512 from_key[Vectors];
    ASTERISM_UNROLL
    for (std::size_t j = 0; j < Vectors; ++j) {
      d[j] = _mm512_load_ps(rows.d + 16 * j);
      from_query[j] = all_rows ? _mm512_setzero_ps() : _mm512_load_ps(rows.from_query + 16 * j);
      from_key[j] = _mm512_setzero_ps();
    }
    for (std::size_t i = 0; i < rows.count; ++i) {
      const __m512 k = _mm512_set1_ps(rows.k[i]);
      const __m512 q = _mm512_set1_ps(rows.q[i]);
      const __m512 next_k = has_next ? _mm512_set1_ps(rows.next_k[i]) : _mm512_setzero_ps();
      ASTERISM_UNROLL
      for (std::size_t j = 0; j < Vectors; ++j) {
        const __m512 s = _mm512_fmadd_ps(k, d[j], _mm512_mul_ps(decay, _mm512_loadu_ps(state + 16 * j)));
        if constexpr (Kind == Sweep::alone_bypassing) {
          _mm512_stream_ps(to + 16 * j, s);
        } else {
          _mm512_storeu_ps(to + 16 * j, s);
        }
        from_query[j] = _mm512_fmadd_ps(q, s, from_query[j]);
        if constexpr (has_next) from_key[j] = _mm512_fmadd_ps(next_k, s, from_key[j]);
      }
      state += stride;
      to += to_stride;
    }
    ASTERISM_UNROLL
    for (std::size_t j = 0; j < Vectors; ++j) {
      _mm512_store_ps(rows.from_query + 16 * j, from_query[j]);
      if constexpr (has_next) _mm512_store_ps(rows.from_key + 16 * j, from_key[j]);
    }
  }

  static constexpr std::size_t rows_at_once = 8;
};

}  // namespace asterism::simd

#if !defined(__clang__)
#pragma GCC diagnostic pop
#endif

#endif
