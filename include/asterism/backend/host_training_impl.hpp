// Bodies of host_training.hpp.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>

#include "asterism/backend/host_training.hpp"
#include "asterism/backend/packed_attention_impl.hpp"
#include "asterism/linalg/lanes.hpp"
#include "asterism/linalg/softmax.hpp"
#include "asterism/simd/dot.hpp"
#include "asterism/simd/silu_backward.hpp"
#include "asterism/simd/stored_floats.hpp"
#include "asterism/simd/vector.hpp"

namespace asterism::backend {

namespace detail {

/// The sum of a_i b_i c_i, in the order of linalg::rms_norm.
inline float dot_of_three(View<const float> a, View<const float> b, View<const float> c) {
  using namespace linalg::detail;
  const std::size_t whole = a.size / lanes * lanes;
  Lanes total;
  for (std::size_t i = 0; i < whole; i += lanes)
    total = total + load(a.data + i) * load(b.data + i) * load(c.data + i);
  if (whole < a.size) {
    total = total + load(a.data, whole, a.size, 0.0F) * load(b.data, whole, a.size, 0.0F) *
                        load(c.data, whole, a.size, 0.0F);
  }
  return sum(total);
}

}  // namespace detail

ASTERISM_INLINE void HostTraining::rms_norm_backward(DeviceMatrix<const float> x, DeviceMatrix<const float> weight,
                                                     float epsilon, DeviceMatrix<const float> dy,
                                                     DeviceMatrix<float> dx, DeviceMatrix<float> dweight) {
  checks_.norm_backward("rms_norm_backward", x, weight, dy, dx, dweight, extent_);
  const View<const float> w = weight.view.row(0);
  const simd::Dot dot = simd::dot();
  const auto one = [&](std::size_t row, View<float> sums) {
    const View<const float> from = x.view.row(row);
    const View<const float> d = dy.view.row(row);
    const View<float> to = dx.view.row(row);
    const auto n = static_cast<float>(from.size);
    const float r = 1.0F / std::sqrt(dot(from.data, from.data, from.size) / n + epsilon);
    const float along = detail::dot_of_three(w, d, from) / n * r * r * r;
    for (std::size_t c = 0; c < sums.size; ++c) sums[c] += d[c] * from[c] * r;
    for (std::size_t c = 0; c < from.size; ++c) to[c] += r * w[c] * d[c] - from[c] * along;
  };
  if (dweight.rows() > 0) return sum_over_rows(x.rows(), dweight.view.row(0), one);
  execution_.for_each_task(x.rows(), [&](std::size_t row) { one(row, {}); });
}

ASTERISM_INLINE void HostTraining::clear(DeviceMatrix<float> x) {
  checks_.same_shapes("clear", x);
  execution_.for_each_task(x.rows(),
                           [&](std::size_t i) { std::memset(x.view.row(i).data, 0, x.cols() * sizeof(float)); });
}

namespace detail {

/// Numbers that one task takes to or from another type.
inline constexpr std::size_t stored_at_once = 16384;

}  // namespace detail

ASTERISM_INLINE void HostTraining::store_floats(DeviceMatrix<const float> x, quant::FloatStorage storage,
                                                DeviceMatrix<std::uint16_t> stored) {
  checks_.stored_floats("store_floats", x, storage, stored);
  const std::size_t size = x.rows() * x.cols();
  const simd::Level level = simd::level();
  execution_.for_each_task((size + detail::stored_at_once - 1) / detail::stored_at_once, [&](std::size_t task) {
    const std::size_t first = task * detail::stored_at_once;
    simd::store_floats({x.view.data + first, std::min(detail::stored_at_once, size - first)}, storage,
                       reinterpret_cast<std::byte*>(stored.view.data + first), level);
  });
}

ASTERISM_INLINE void HostTraining::load_floats(DeviceMatrix<const std::uint16_t> stored,
                                               quant::FloatStorage storage, DeviceMatrix<float> x) {
  checks_.stored_floats("load_floats", x, storage, stored);
  const std::size_t size = x.rows() * x.cols();
  const simd::Level level = simd::level();
  execution_.for_each_task((size + detail::stored_at_once - 1) / detail::stored_at_once, [&](std::size_t task) {
    const std::size_t first = task * detail::stored_at_once;
    simd::load_floats(reinterpret_cast<const std::byte*>(stored.view.data + first), storage,
                      {x.view.data + first, std::min(detail::stored_at_once, size - first)}, level);
  });
}

ASTERISM_INLINE void HostTraining::bias_backward(DeviceMatrix<const float> dy, DeviceMatrix<float> db) {
  checks_.sum("bias_backward", dy, db, extent_);
  sum_over_rows(dy.rows(), db.view.row(0), [&](std::size_t row, View<float> sums) {
    const View<const float> d = dy.view.row(row);
    for (std::size_t c = 0; c < d.size; ++c) sums[c] += d[c];
  });
}

ASTERISM_INLINE void HostTraining::sum_rows(DeviceMatrix<const float> x, DeviceMatrix<float> sums) {
  checks_.sum("sum_rows", x, sums, extent_);
  std::fill_n(sums.view.data, sums.cols(), 0.0F);
  bias_backward(x, sums);
}

ASTERISM_INLINE void HostTraining::silu_multiply_backward(DeviceMatrix<const float> d, DeviceMatrix<float> gate,
                                                          DeviceMatrix<float> up) {
  checks_.same_shapes("silu_multiply_backward", d, gate, up);
  execution_.for_each_task(d.rows(), [&](std::size_t i) {
    simd::silu_multiply_backward(d.view.row(i), gate.view.row(i), up.view.row(i));
  });
}

ASTERISM_INLINE void HostTraining::relu_backward(DeviceMatrix<const float> y, DeviceMatrix<float> d) {
  checks_.same_shapes("relu_backward", y, d);
  execution_.for_each_task(y.rows(), [&](std::size_t i) {
    const View<const float> passed = y.view.row(i);
    const View<float> row = d.view.row(i);
    for (std::size_t c = 0; c < row.size; ++c) row[c] = passed[c] > 0 ? row[c] : 0.0F;
  });
}

ASTERISM_INLINE void HostTraining::rotate_backward(DeviceMatrix<const float> tables, std::size_t head_dim,
                                                   DeviceMatrix<float> d) {
  Checks{checks_.device}.rotate(tables, head_dim, d);
  const std::size_t half = tables.cols() / 2;
  execution_.for_each_task(d.rows(), [&](std::size_t i) {
    const float* cosine = tables.view.row(i).data;
    const float* sine = cosine + half;
    for (std::size_t head = 0; head < d.cols(); head += head_dim) {
      float* left = d.view.row(i).data + head;
      float* right = left + half;
      for (std::size_t c = 0; c < half; ++c) {
        const float l = left[c];
        const float r = right[c];
        left[c] = l * cosine[c] + r * sine[c];
        right[c] = r * cosine[c] - l * sine[c];
      }
    }
  });
}

ASTERISM_INLINE void HostTraining::attend_packed(DeviceMatrix<const float> queries, DeviceMatrix<const float> keys,
                                                 DeviceMatrix<const float> values, std::size_t head_dim,
                                                 const Sequences& sequences, std::size_t window,
                                                 DeviceMatrix<float> out) {
  checks_.attend_packed("attend_packed", queries, keys, values, out, head_dim, sequences, extent_);
  for_each_head(sequences, sequences, keys.cols() / head_dim, [&](View<float> scratch, const auto& part, auto&&) {
    attend_head({part(queries), part(keys), part(values), window}, query_rows, scratch, part(out));
  });
}

ASTERISM_INLINE void HostTraining::attend_packed_backward(
    DeviceMatrix<const float> queries, DeviceMatrix<const float> keys, DeviceMatrix<const float> values,
    std::size_t head_dim, const Sequences& sequences, std::size_t window, DeviceMatrix<const float> dout,
    DeviceMatrix<float> dqueries, DeviceMatrix<float> dkeys, DeviceMatrix<float> dvalues) {
  checks_.attend_packed("attend_packed_backward", queries, keys, values, dout, head_dim, sequences, extent_);
  checks_.same_shapes("attend_packed_backward", queries, dqueries);
  checks_.same_shapes("attend_packed_backward", keys, dkeys, dvalues);
  for_each_head(sequences, sequences, keys.cols() / head_dim, [&](View<float> scratch, const auto& part, auto&&) {
    attend_head_backward({part(queries), part(keys), part(values), window}, query_rows, scratch, part(dout),
                         {part(dqueries), part(dkeys), part(dvalues)});
  });
}

ASTERISM_INLINE void HostTraining::combine_backward(const ExpertGroups& groups,
                                                    DeviceMatrix<const gating::Route> routes,
                                                    DeviceMatrix<const float> answers,
                                                    DeviceMatrix<const float> dx, DeviceMatrix<float> dslots,
                                                    DeviceMatrix<float> dweights) {
  checks_.combine_backward(groups, routes, answers, dx, dslots, dweights);
  const std::size_t k = routes.cols();
  const simd::Dot dot = simd::dot();
  execution_.for_each_task(routes.rows(), [&](std::size_t row) {
    const View<const float> d = dx.view.row(row);
    for (std::size_t j = 0; j < k; ++j) {
      dweights.view(row, j) = 0;
      if (routes.view(row, j).expert == gating::dropped) continue;
      const auto slot = static_cast<std::size_t>(groups.slot_of_choice[row * k + j]);
      const float weight = routes.view(row, j).weight;
      const View<float> to = dslots.view.row(slot);
      dweights.view(row, j) = dot(d.data, answers.view.row(slot).data, d.size);
      for (std::size_t c = 0; c < d.size; ++c) to[c] = weight * d[c];
    }
  });
}

ASTERISM_INLINE void HostTraining::gather_backward(const ExpertGroups& groups,
                                                   DeviceMatrix<const gating::Route> routes,
                                                   DeviceMatrix<const float> dslots, DeviceMatrix<float> dx) {
  checks_.gather_backward(groups, routes, dslots, dx);
  const std::size_t k = routes.cols();
  execution_.for_each_task(routes.rows(), [&](std::size_t row) {
    const View<float> to = dx.view.row(row);
    std::int32_t last = -1;
    for (std::size_t i = 0; i < k; ++i) {
      const std::size_t j = next_by_expert(routes.view.row(row), last);
      if (j == k) return;
      last = routes.view(row, j).expert;
      const View<const float> d = dslots.view.row(static_cast<std::size_t>(groups.slot_of_choice[row * k + j]));
      for (std::size_t c = 0; c < d.size; ++c) to[c] += d[c];
    }
  });
}

ASTERISM_INLINE void HostTraining::take_rows(DeviceMatrix<const float> x, View<const std::int32_t> rows,
                                             DeviceMatrix<float> out) {
  checks_.rows_of("take_rows", x, rows, out);
  execution_.for_each_task(rows.size, [&](std::size_t i) {
    std::memcpy(out.view.row(i).data, x.view.row(static_cast<std::size_t>(rows[i])).data,
                x.cols() * sizeof(float));
  });
}

ASTERISM_INLINE void HostTraining::take_rows_backward(DeviceMatrix<const float> dout,
                                                      View<const std::int32_t> rows, DeviceMatrix<float> dx) {
  checks_.rows_of("take_rows_backward", dx, rows, dout);
  clear(dx);
  execution_.for_each_task(rows.size, [&](std::size_t i) {
    std::memcpy(dx.view.row(static_cast<std::size_t>(rows[i])).data, dout.view.row(i).data,
                dx.cols() * sizeof(float));
  });
}

ASTERISM_INLINE void HostTraining::cross_entropy(DeviceMatrix<float> logits, View<const TokenId> targets,
                                                 View<const float> weights, DeviceMatrix<float> results) {
  checks_.cross_entropy(logits, targets, weights, results);
  execution_.for_each_task(logits.rows(), [&](std::size_t i) {
    const View<float> row = logits.view.row(i);
    const auto target = static_cast<std::size_t>(targets[i]);
    const float wanted = row[target];
    const float highest = simd::maximum(row);
    const float total = simd::exponentials(row, 1.0F, highest);
    results.view(0, i) = weights[i] * (highest + std::log(total) - wanted);
    results.view(1, i) = wanted >= highest ? 1.0F : 0.0F;
    const float share = weights[i] / total;
    for (float& value : row) value *= share;
    row[target] -= weights[i];
  });
}

ASTERISM_INLINE void HostTraining::count_choices(DeviceMatrix<const gating::Route> routes,
                                                 DeviceMatrix<std::int32_t> counts) {
  checks_.choices("count_choices", routes, counts);
  for (std::int32_t& count : counts.view.row(0)) count = 0;
  for (std::size_t i = 0; i < routes.rows(); ++i) {
    for (const gating::Route& route : routes.view.row(i)) ++counts.view(0, static_cast<std::size_t>(route.expert));
  }
}

ASTERISM_INLINE void HostTraining::drop_beyond(std::size_t capacity, DeviceMatrix<std::int32_t> left,
                                               DeviceMatrix<gating::Route> routes) {
  checks_.choices("drop_beyond", routes, left);
  for (std::int32_t& room : left.view.row(0)) room = static_cast<std::int32_t>(capacity);
  for (std::size_t i = 0; i < routes.rows(); ++i) {
    for (gating::Route& route : routes.view.row(i)) {
      if (left.view(0, static_cast<std::size_t>(route.expert))-- <= 0) route.expert = gating::dropped;
    }
  }
}

ASTERISM_INLINE void HostTraining::router_terms(DeviceMatrix<const float> scores,
                                                DeviceMatrix<const float> probabilities,
                                                DeviceMatrix<float> terms) {
  checks_.same_shapes("router_terms", scores, probabilities);
  checks_.of_rows("router_terms", scores, terms, 2);
  execution_.for_each_task(scores.rows(), [&](std::size_t i) {
    float entropy = 0;
    for (const float p : probabilities.view.row(i)) {
      if (p > 0) entropy -= p * std::log(p);
    }
    terms.view(i, 0) = static_cast<float>(linalg::log_sum_exp(scores.view.row(i)));
    terms.view(i, 1) = entropy;
  });
}

ASTERISM_INLINE void HostTraining::z_loss_backward(DeviceMatrix<const float> scores,
                                                   DeviceMatrix<const float> terms, float factor,
                                                   DeviceMatrix<float> dscores) {
  checks_.same_shapes("z_loss_backward", scores, dscores);
  checks_.of_rows("z_loss_backward", scores, terms, 2);
  execution_.for_each_task(scores.rows(), [&](std::size_t i) {
    const float sum = terms.view(i, 0);
    for (std::size_t c = 0; c < scores.cols(); ++c) {
      dscores.view(i, c) += factor * sum * std::exp(scores.view(i, c) - sum);
    }
  });
}

ASTERISM_INLINE void HostTraining::scale(float factor, DeviceMatrix<float> x) {
  checks_.same_shapes("scale", x);
  if (factor == 1) return;
  execution_.for_each_task(x.rows(), [&](std::size_t i) {
    for (float& value : x.view.row(i)) value *= factor;
  });
}

}  // namespace asterism::backend
