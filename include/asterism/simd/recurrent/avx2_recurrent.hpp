// Recurrent kernels for processors with AVX2 and FMA. Compiled without a flag: only the functions marked here use
// these instructions, and they are called only if `supported(Level::avx2)`.
#pragma once

#if defined(__x86_64__)

#include <cmath>
#include <cstddef>
#include <cstdint>

#include <immintrin.h>

#include "asterism/core/view.hpp"
#include "asterism/simd/attention/avx2_stored_row.hpp"
#include "asterism/simd/recurrent.hpp"
#include "asterism/simd/target.hpp"

namespace asterism::simd {

/// The kernels of Level::avx2; see `recurrent.hpp`.
struct Avx2Recurrent {
  static void delta_rule(const DeltaBlock& block) {
    if (block.v.rows == 1 && block.v.cols % 8 == 0) return one_token(block);
    const std::size_t width = resident_columns(block.q.cols);
    for (std::size_t c = 0; c < block.v.cols; c += width) {
      const std::size_t left = block.v.cols - c;
      many_tokens(block.columns(c, left < width ? left : width));
    }
  }

  ASTERISM_AVX2 static void convolve(View<const float* const> rows, MatrixView<const float> taps, View<float> y) {
    for (std::size_t c = 0; c < y.size; c += 8) {
      const std::size_t count = y.size - c;
      __m256 sum = _mm256_setzero_ps();
      for (std::size_t j = 0; j < rows.size; ++j) {
        const float* const tap = taps.data + j * taps.stride + c;
        sum = _mm256_fmadd_ps(load(tap, count), load(rows.data[j] + c, count), sum);
      }
      store(y.data + c, count, sum);
    }
  }

  /// See PortableRecurrent::inverse_norm.
  ASTERISM_AVX2 static float inverse_norm(const float* x, std::size_t n) {
    __m256 low = _mm256_setzero_ps();
    __m256 high = _mm256_setzero_ps();
    for (std::size_t i = 0; i < n; i += 16) {
      const __m256 a = load(x + i, n - i);
      low = _mm256_fmadd_ps(a, a, low);
      if (n - i <= 8) break;
      const __m256 b = load(x + i + 8, n - i - 8);
      high = _mm256_fmadd_ps(b, b, high);
    }
    return inverse_norm(_mm256_add_ps(low, high));
  }
  /// Lanes at distances of 4, 2 and 1 are added.
  ASTERISM_AVX2 static float inverse_norm(__m256 squares) {
    __m128 sum = _mm_add_ps(_mm256_castps256_ps128(squares), _mm256_extractf128_ps(squares, 1));
    sum = _mm_add_ps(sum, _mm_movehl_ps(sum, sum));
    sum = _mm_add_ss(sum, _mm_movehdup_ps(sum));
    return 1.0F / std::sqrt(_mm_cvtss_f32(sum) + 1e-6F);
  }

 private:
  /// The first `count` of 8 values, then zeros.
  ASTERISM_AVX2 static __m256 load(const float* from, std::size_t count) {
    if (count >= 8) return _mm256_loadu_ps(from);
    return _mm256_maskload_ps(from, Avx2StoredRow::lanes(count));
  }
  ASTERISM_AVX2 static void store(float* to, std::size_t count, __m256 values) {
    if (count >= 8) return _mm256_storeu_ps(to, values);
    _mm256_maskstore_ps(to, Avx2StoredRow::lanes(count), values);
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
    const std::size_t vectors = (block.v.cols + 7) / 8;
    if (vectors == 4) return many_tokens_of<4>(block);
    if (vectors == 3) return many_tokens_of<3>(block);
    vectors == 2 ? many_tokens_of<2>(block) : many_tokens_of<1>(block);
  }

  /// In a copy of the columns that stays in the first-level cache, with columns of zeros up to a whole vector.
  template <std::size_t Vectors>
  ASTERISM_AVX2 static void many_tokens_of(const DeltaBlock& block) {
    constexpr std::size_t width = 8 * Vectors;
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
  ASTERISM_AVX2 static void one_token(const DeltaBlock& block) {
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
        add_rows<4>(block.k.data + i, from + c, block.before.stride, count, from_key + c);
      for (; c < columns; c += 8)
        add_rows<1>(block.k.data + i, from + c, block.before.stride, count, from_key + c);
    }
    const float key_scale = inverse_norm(block.k.data, keys);
    for (std::size_t c = 0; c < columns; c += 8)
      correct<1>(block.columns(c, 8), 0, key_scale, from_key + c, d + c);
    const std::uintptr_t places =
        reinterpret_cast<std::uintptr_t>(block.after.data) | (block.after.stride | columns) * sizeof(float);
    if (block.bypass && places % 64 == 0) {
      sweep_all<Sweep::alone_bypassing>(block, d, from_query);
      _mm_sfence();  // other threads see what was written past the caches
    } else {
      sweep_all<Sweep::alone>(block, d, from_query);
    }
    const float query_scale = inverse_norm(block.q.data, keys);
    for (std::size_t c = 0; c < columns; c += 8) answer<1>(block.columns(c, 8), 0, query_scale, from_query + c);
  }
  template <Sweep Kind>
  ASTERISM_AVX2 static void sweep_all(const DeltaBlock& block, const float* d, float* from_query) {
    const std::size_t keys = block.q.cols;
    const std::size_t columns = block.v.cols;
    for (std::size_t i = 0; i < keys; i += rows_at_once) {
      const std::size_t count = keys - i < rows_at_once ? keys - i : rows_at_once;
      const float* const from = block.before.data + i * block.before.stride;
      float* const to = block.after.data + i * block.after.stride;
      Rows rows{count, block.k.data + i, block.q.data + i, nullptr, block.decay.data[0], d, from_query, nullptr};
      std::size_t c = 0;
      for (; c + 32 <= columns; c += 32, rows.d += 32, rows.from_query += 32)
        sweep<4, Kind>(rows, from + c, block.before.stride, to + c, block.after.stride);
      for (; c < columns; c += 8, rows.d += 8, rows.from_query += 8)
        sweep<1, Kind>(rows, from + c, block.before.stride, to + c, block.after.stride);
    }
  }

  /// d = beta (v - decay S^T k), times the scale of the key, which S^T k and k d^T lack.
  template <std::size_t Vectors>
  ASTERISM_AVX2 static void correct(const DeltaBlock& block, std::size_t t, float key_scale, const float* from_key,
                                    float* d) {
    const __m256 expected = _mm256_set1_ps(block.decay.data[t * block.decay.stride] * key_scale);
    const __m256 gain = _mm256_set1_ps(block.beta.data[t * block.beta.stride] * key_scale);
    const float* const v = block.v.data + t * block.v.stride;
    ASTERISM_UNROLL
    for (std::size_t j = 0; j < Vectors; ++j) {
      const __m256 value = load(v + 8 * j, block.v.cols - 8 * j);
      const __m256 error = _mm256_fnmadd_ps(expected, _mm256_load_ps(from_key + 8 * j), value);
      _mm256_store_ps(d + 8 * j, _mm256_mul_ps(gain, error));
    }
  }
  template <std::size_t Vectors>
  ASTERISM_AVX2 static void answer(const DeltaBlock& block, std::size_t t, float query_scale,
                                   const float* from_query) {
    const float width_scale = 1.0F / std::sqrt(static_cast<float>(block.q.cols));
    const __m256 scale = _mm256_set1_ps(query_scale * width_scale);
    float* const out = block.out.data + t * block.out.stride;
    ASTERISM_UNROLL
    for (std::size_t j = 0; j < Vectors; ++j) {
      store(out + 8 * j, block.v.cols - 8 * j, _mm256_mul_ps(scale, _mm256_load_ps(from_query + 8 * j)));
    }
  }

  /// Asks for 32 columns of a row that lies far from the last token's: a processor does not foresee it.
  ASTERISM_AVX2 static void fetch(const float* row) {
    _mm_prefetch(reinterpret_cast<const char*>(row), _MM_HINT_T0);
    _mm_prefetch(reinterpret_cast<const char*>(row + 16), _MM_HINT_T0);
  }

  /// The first `count` values of a row of `width`, then zeros.
  ASTERISM_AVX2 static void copy(const float* from, std::size_t count, float* to, std::size_t width) {
    for (std::size_t c = 0; c < width; c += 8) store(to + c, width - c, load(from + c, count - c));
  }

  /// sums += S^T k for some rows of S.
  template <std::size_t Vectors>
  ASTERISM_AVX2 static void add_rows(const float* k, const float* state, std::size_t stride, std::size_t rows,
                                     float* sums) {
    __m256 sum[Vectors];
    ASTERISM_UNROLL
    for (std::size_t j = 0; j < Vectors; ++j) sum[j] = _mm256_load_ps(sums + 8 * j);
    for (std::size_t i = 0; i < rows; ++i) {
      const __m256 key = _mm256_set1_ps(k[i]);
      ASTERISM_UNROLL
      for (std::size_t j = 0; j < Vectors; ++j) {
        sum[j] = _mm256_fmadd_ps(key, _mm256_loadu_ps(state + i * stride + 8 * j), sum[j]);
      }
    }
    ASTERISM_UNROLL
    for (std::size_t j = 0; j < Vectors; ++j) _mm256_store_ps(sums + 8 * j, sum[j]);
  }

  /// S <- decay S + k d^T for some rows, from `state` to `to`, and what they add to the sums.
  template <std::size_t Vectors, Sweep Kind>
  ASTERISM_AVX2 static void sweep(const Rows& rows, const float* state, std::size_t stride, float* to,
                                  std::size_t to_stride) {
    constexpr bool has_next = Kind == Sweep::within;
    constexpr bool all_rows = Kind == Sweep::within || Kind == Sweep::last;
    const __m256 decay = _mm256_set1_ps(rows.decay);
    __m256 d[Vectors];
    __m256 from_query[Vectors];
    __m256 from_key[Vectors];
    ASTERISM_UNROLL
    for (std::size_t j = 0; j < Vectors; ++j) {
      d[j] = _mm256_load_ps(rows.d + 8 * j);
      from_query[j] = all_rows ? _mm256_setzero_ps() : _mm256_load_ps(rows.from_query + 8 * j);
      from_key[j] = _mm256_setzero_ps();
    }
    for (std::size_t i = 0; i < rows.count; ++i) {
      const __m256 k = _mm256_set1_ps(rows.k[i]);
      const __m256 q = _mm256_set1_ps(rows.q[i]);
      const __m256 next_k = has_next ? _mm256_set1_ps(rows.next_k[i]) : _mm256_setzero_ps();
      ASTERISM_UNROLL
      for (std::size_t j = 0; j < Vectors; ++j) {
        const __m256 s = _mm256_fmadd_ps(k, d[j], _mm256_mul_ps(decay, _mm256_loadu_ps(state + 8 * j)));
        if constexpr (Kind == Sweep::alone_bypassing) {
          _mm256_stream_ps(to + 8 * j, s);
        } else {
          _mm256_storeu_ps(to + 8 * j, s);
        }
        from_query[j] = _mm256_fmadd_ps(q, s, from_query[j]);
        if constexpr (has_next) from_key[j] = _mm256_fmadd_ps(next_k, s, from_key[j]);
      }
      state += stride;
      to += to_stride;
    }
    ASTERISM_UNROLL
    for (std::size_t j = 0; j < Vectors; ++j) {
      _mm256_store_ps(rows.from_query + 8 * j, from_query[j]);
      if constexpr (has_next) _mm256_store_ps(rows.from_key + 8 * j, from_key[j]);
    }
  }

  static constexpr std::size_t rows_at_once = 8;
};

}  // namespace asterism::simd

#endif
