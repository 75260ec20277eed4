// Bodies of host_encoder.hpp.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "asterism/backend/host_encoder.hpp"
#include "asterism/backend/packed_attention_impl.hpp"
#include "asterism/linalg/gelu.hpp"
#include "asterism/linalg/gelu_backward.hpp"
#include "asterism/linalg/lanes.hpp"
#include "asterism/linalg/layer_norm.hpp"
#include "asterism/linalg/moments.hpp"

namespace asterism::backend {

namespace detail {

/// The sums of h_i = a_i b_i and of h_i (x_i - mean).
struct NormSums {
  float plain;
  float along;

  static NormSums of(View<const float> a, View<const float> b, View<const float> x, float mean) {
    using namespace linalg::detail;
    Lanes plain;
    Lanes along;
    const auto take = [&](const Lanes& h, const Lanes& piece) {
      plain = plain + h;
      along = along + h * (piece - mean);
    };
    const std::size_t whole = x.size / lanes * lanes;
    for (std::size_t i = 0; i < whole; i += lanes) take(load(a.data + i) * load(b.data + i), load(x.data + i));
    if (whole < x.size) {
      take(load(a.data, whole, x.size, 0.0F) * load(b.data, whole, x.size, 0.0F),
           load(x.data, whole, x.size, 0.0F));
    }
    return {sum(plain), sum(along)};
  }
};

/// Four elements, by sixteen bits each; without a branch, as nobody foresees what falls out.
inline void drop_four(std::uint64_t bits, std::int32_t threshold, float scale, float* x) {
  using Bits [[gnu::vector_size(16)]] = std::int32_t;
  const auto at = [bits](unsigned place) { return static_cast<std::int32_t>(bits >> place & 0xFFFFU); };
  const Bits drawn = {at(0), at(16), at(32), at(48)};
  linalg::detail::Lanes::Four values;
  std::memcpy(&values, x, sizeof values);
  const Bits kept = reinterpret_cast<Bits>(values * scale) & (drawn >= threshold);
  std::memcpy(x, &kept, sizeof kept);
}

}  // namespace detail

ASTERISM_INLINE void HostEncoder::layer_norm(DeviceMatrix<const float> x, DeviceMatrix<const float> weight,
                                             DeviceMatrix<const float> bias, float epsilon,
                                             DeviceMatrix<float> y) {
  training_checks().layer_norm(x, weight, bias, y);
  training_execution().for_each_task(x.rows(), [&](std::size_t i) {
    linalg::layer_norm(x.view.row(i), weight.view.row(0), bias.view.row(0), epsilon, y.view.row(i));
  });
}

ASTERISM_INLINE void HostEncoder::layer_norm_backward(DeviceMatrix<const float> x,
                                                      DeviceMatrix<const float> weight, float epsilon,
                                                      DeviceMatrix<const float> dy, DeviceMatrix<float> dx,
                                                      DeviceMatrix<float> dweight, DeviceMatrix<float> dbias) {
  training_checks().norm_backward("layer_norm_backward", x, weight, dy, dx, dweight, extent());
  const View<const float> w = weight.view.row(0);
  const auto one = [&](std::size_t row, View<float> sums) {
    const View<const float> from = x.view.row(row);
    const View<const float> d = dy.view.row(row);
    const View<float> to = dx.view.row(row);
    const auto [mean, scale] = linalg::detail::moments(from, epsilon);
    const auto n = static_cast<float>(from.size);
    const auto h = detail::NormSums::of(w, d, from, mean);
    const float shift = h.plain / n * scale;
    const float along = h.along / n * scale * scale * scale;
    for (std::size_t c = 0; c < sums.size; ++c) sums[c] += d[c] * ((from[c] - mean) * scale);
    for (std::size_t c = 0; c < from.size; ++c) to[c] += scale * w[c] * d[c] - shift - (from[c] - mean) * along;
  };
  if (dweight.rows() == 0) return training_execution().for_each_task(x.rows(), [&](std::size_t i) { one(i, {}); });
  sum_over_rows(x.rows(), dweight.view.row(0), one);
  bias_backward(dy, dbias);
}

ASTERISM_INLINE void HostEncoder::gelu(DeviceMatrix<const float> x, DeviceMatrix<float> y) {
  training_checks().same_shapes("gelu", x, y);
  training_execution().for_each_task(x.rows(), [&](std::size_t i) {
    const View<float> row = y.view.row(i);
    if (row.data != x.view.row(i).data) std::memcpy(row.data, x.view.row(i).data, row.size * sizeof(float));
    linalg::gelu(row);
  });
}

ASTERISM_INLINE void HostEncoder::gelu_backward(DeviceMatrix<const float> x, DeviceMatrix<float> d) {
  training_checks().same_shapes("gelu_backward", x, d);
  training_execution().for_each_task(x.rows(),
                                     [&](std::size_t i) { linalg::gelu_backward(x.view.row(i), d.view.row(i)); });
}

ASTERISM_INLINE void HostEncoder::sigmoid(DeviceMatrix<const float> x, DeviceMatrix<float> y) {
  training_checks().same_shapes("sigmoid", x, y);
  training_execution().for_each_range(x.rows(), [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      for (std::size_t c = 0; c < x.cols(); ++c) y.view(i, c) = 1.0F / (1.0F + std::exp(-x.view(i, c)));
    }
  });
}

ASTERISM_INLINE void HostEncoder::sigmoid_backward(DeviceMatrix<const float> y, DeviceMatrix<float> d) {
  training_checks().same_shapes("sigmoid_backward", y, d);
  training_execution().for_each_range(y.rows(), [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      for (std::size_t c = 0; c < y.cols(); ++c) d.view(i, c) *= y.view(i, c) * (1.0F - y.view(i, c));
    }
  });
}

ASTERISM_INLINE void HostEncoder::dropout(const Dropout& from, View<const std::int32_t> rows,
                                          DeviceMatrix<float> x) {
  training_checks().dropout(from, rows, x);
  const auto threshold = static_cast<std::int32_t>(from.threshold());
  if (threshold == 0) return;
  const float scale = from.scale();
  training_execution().for_each_task(x.rows(), [&](std::size_t i) {
    const View<float> row = x.view.row(i);
    const std::size_t whole = row.size / 4 * 4;
    for (std::size_t c = 0; c < whole; c += 4) {
      detail::drop_four(from.draw(static_cast<std::uint64_t>(rows[i]), c / 4), threshold, scale, row.data + c);
    }
    if (whole == row.size) return;
    float last[4] = {};
    std::copy(row.data + whole, row.end(), last);
    detail::drop_four(from.draw(static_cast<std::uint64_t>(rows[i]), whole / 4), threshold, scale, last);
    std::copy_n(last, row.size - whole, row.data + whole);
  });
}

ASTERISM_INLINE void HostEncoder::attend_both_ways(DeviceMatrix<const float> queries, const Sequences& of_queries,
                                                   DeviceMatrix<const float> keys,
                                                   DeviceMatrix<const float> values, const Sequences& of_keys,
                                                   std::size_t head_dim, DeviceMatrix<float> out) {
  training_checks().attend_both_ways("attend_both_ways", queries, of_queries, keys, values, of_keys, out, head_dim,
                                     extent());
  for_each_head(of_queries, of_keys, keys.cols() / head_dim,
                [&](View<float> scratch, const auto& query, const auto& key) {
                  attend_head({query(queries), key(keys), key(values), 0, true}, query_rows, scratch, query(out));
                });
}

ASTERISM_INLINE void HostEncoder::attend_both_ways_backward(
    DeviceMatrix<const float> queries, const Sequences& of_queries, DeviceMatrix<const float> keys,
    DeviceMatrix<const float> values, const Sequences& of_keys, std::size_t head_dim,
    DeviceMatrix<const float> dout, DeviceMatrix<float> dqueries, DeviceMatrix<float> dkeys,
    DeviceMatrix<float> dvalues) {
  const auto* name = "attend_both_ways_backward";
  training_checks().attend_both_ways(name, queries, of_queries, keys, values, of_keys, dout, head_dim, extent());
  training_checks().same_shapes(name, queries, dqueries);
  training_checks().same_shapes(name, keys, dkeys, dvalues);
  for_each_head(of_queries, of_keys, keys.cols() / head_dim,
                [&](View<float> scratch, const auto& query, const auto& key) {
                  attend_head_backward({query(queries), key(keys), key(values), 0, true}, query_rows, scratch,
                                       query(dout), {query(dqueries), key(dkeys), key(dvalues)});
                });
}

ASTERISM_INLINE void HostEncoder::weigh_by_confidence(const ExpertGroups& groups,
                                                      DeviceMatrix<const gating::Route> routes,
                                                      DeviceMatrix<const float> confidences,
                                                      DeviceMatrix<gating::Route> weighed) {
  training_checks().weigh("weigh_by_confidence", groups, routes, confidences, weighed);
  const std::size_t k = routes.cols();
  training_execution().for_each_range(routes.rows(), [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      float total = 1e-8F;
      for (std::size_t j = 0; j < k; ++j) {
        const auto slot = static_cast<std::size_t>(groups.slot_of_choice[i * k + j]);
        const gating::Route& route = routes.view(i, j);
        weighed.view(i, j) = {route.expert, route.weight * confidences.view(slot, 0)};
        total += weighed.view(i, j).weight;
      }
      for (gating::Route& route : weighed.view.row(i)) route.weight /= total;
    }
  });
}

ASTERISM_INLINE void HostEncoder::weigh_by_confidence_backward(
    const ExpertGroups& groups, DeviceMatrix<const gating::Route> routes, DeviceMatrix<const float> confidences,
    DeviceMatrix<const gating::Route> weighed, DeviceMatrix<float> dweights, DeviceMatrix<float> dconfidences) {
  training_checks().weigh("weigh_by_confidence_backward", groups, routes, confidences, weighed);
  training_checks().weigh("weigh_by_confidence_backward", groups, routes, dconfidences, weighed);
  training_checks().same_shapes("weigh_by_confidence_backward", confidences, dconfidences);
  const std::size_t k = routes.cols();
  training_execution().for_each_range(routes.rows(), [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      const auto slot = [&](std::size_t j) { return static_cast<std::size_t>(groups.slot_of_choice[i * k + j]); };
      float total = 1e-8F;
      float mean = 0;
      for (std::size_t j = 0; j < k; ++j) {
        total += routes.view(i, j).weight * confidences.view(slot(j), 0);
        mean += weighed.view(i, j).weight * dweights.view(i, j);
      }
      for (std::size_t j = 0; j < k; ++j) {
        const float d = (dweights.view(i, j) - mean) / total;
        dconfidences.view(slot(j), 0) = d * routes.view(i, j).weight;
        dweights.view(i, j) = d * confidences.view(slot(j), 0);
      }
    }
  });
}

ASTERISM_INLINE void HostEncoder::squared_error(MatrixView<const float> targets, View<const float> weights,
                                                DeviceMatrix<float> y, DeviceMatrix<float> terms) {
  training_checks().squared_error(targets, weights, y, terms);
  training_execution().for_each_task(y.rows(), [&](std::size_t i) {
    const View<const float> target = targets.row(i);
    const View<float> row = y.view.row(i);
    float squares = 0;
    for (std::size_t c = 0; c < row.size; ++c) {
      const float difference = row[c] - target[c];
      squares += difference * difference;
      row[c] = 2 * weights[i] * difference;
    }
    terms.view(0, i) = weights[i] * squares;
  });
}

}  // namespace asterism::backend
