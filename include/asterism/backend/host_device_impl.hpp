// Bodies of host_device.hpp.
#pragma once

#include <algorithm>
#include <cstring>

#include "asterism/backend/host_device.hpp"
#include "asterism/backend/host_dispatch.hpp"
#include "asterism/backend/host_recurrent.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/linalg/rms_norm.hpp"
#include "asterism/linalg/rotary.hpp"
#include "asterism/simd/silu.hpp"
#include "asterism/simd/tuning.hpp"

namespace asterism::backend {

namespace detail {

inline void copy_rows(MatrixView<const float> from, MatrixView<float> to) {
  for (std::size_t i = 0; i < from.rows; ++i)
    std::memcpy(to.row(i).data, from.row(i).data, from.cols * sizeof(float));
}

}  // namespace detail

ASTERISM_INLINE HostDevice::HostDevice(std::int32_t device, Bytes budget, parallel::ExecutionRef execution)
    : arena_(device, budget), execution_(execution), attention_(execution), products_(execution) {
  simd::tuning();  // measured now, where the processor is unknown, rather than at the first token
}

ASTERISM_INLINE void HostDevice::upload(MatrixView<const float> from, DeviceMatrix<float> to) {
  checks().upload(from, to);
  detail::copy_rows(from, to.view);
}

ASTERISM_INLINE void HostDevice::download(DeviceMatrix<const float> from, MatrixView<float> to) {
  checks().download(from, to);
  detail::copy_rows(from.view, to);
}

ASTERISM_INLINE DeviceMatrix<float> HostDevice::copy_from(DeviceMatrix<const float> from, DeviceMatrix<float> to) {
  checks().copy_from(from, to);
  detail::copy_rows(from.view, to.view);
  return to;
}

ASTERISM_INLINE void HostDevice::rms_norm(DeviceMatrix<const float> x, DeviceMatrix<const float> weight,
                                          float epsilon, DeviceMatrix<float> y) {
  checks().rms_norm(x, weight, y);
  execution_.for_each_task(x.rows(), [&](std::size_t i) {
    linalg::rms_norm(x.view.row(i), weight.view.row(0), epsilon, y.view.row(i));
  });
}

ASTERISM_INLINE void HostDevice::add(DeviceMatrix<const float> y, DeviceMatrix<float> x) {
  checks().add(y, x);
  execution_.for_each_task(x.rows(), [&](std::size_t i) {
    const View<const float> row = y.view.row(y.rows() == 1 ? 0 : i);
    for (std::size_t c = 0; c < x.cols(); ++c) x.view(i, c) += row[c];
  });
}

ASTERISM_INLINE void HostDevice::silu_multiply(DeviceMatrix<const float> gate, DeviceMatrix<const float> up,
                                               DeviceMatrix<float> out) {
  checks().silu_multiply(gate, up, out);
  execution_.for_each_task(
      out.rows(), [&](std::size_t i) { simd::silu_multiply(gate.view.row(i), up.view.row(i), out.view.row(i)); });
}

ASTERISM_INLINE void HostDevice::relu(DeviceMatrix<const float> x, DeviceMatrix<float> y) {
  checks().relu(x, y);
  execution_.for_each_task(x.rows(), [&](std::size_t i) {
    const View<const float> from = x.view.row(i);
    const View<float> to = y.view.row(i);
    for (std::size_t c = 0; c < from.size; ++c) to[c] = from[c] < 0 ? 0 : from[c];
  });
}

ASTERISM_INLINE void HostDevice::sigmoid_multiply(DeviceMatrix<const float> gate, DeviceMatrix<float> x) {
  checks().sigmoid_multiply(gate, x);
  execution_.for_each_task(x.rows(), [&](std::size_t i) {
    const View<float> row = x.view.row(i);
    if (gate.cols() == x.cols()) return simd::sigmoid_multiply(gate.view.row(i), row, row);
    float share = 1;
    simd::sigmoid_multiply(gate.view.row(i), {&share, 1}, {&share, 1});
    for (float& value : row) value *= share;
  });
}

ASTERISM_INLINE void HostDevice::split(DeviceMatrix<const float> x, std::size_t width, DeviceMatrix<float> first,
                                       DeviceMatrix<float> second) {
  checks().split(x, width, first, second);
  execution_.for_each_task(x.rows(), [&](std::size_t i) {
    for (std::size_t c = 0; c < first.cols(); c += width) {
      const View<const float> pair = x.view.row(i).subview(2 * c, 2 * width);
      std::copy_n(pair.data, width, first.view.row(i).data + c);
      std::copy_n(pair.data + width, width, second.view.row(i).data + c);
    }
  });
}

ASTERISM_INLINE void HostDevice::rotary_tables(std::int32_t first, const linalg::Rope& rope,
                                               DeviceMatrix<float> tables) {
  checks().rotary_tables(tables);
  execution_.for_each_task(tables.rows(), [&](std::size_t i) {
    linalg::rotary_table(first + static_cast<std::int32_t>(i), rope, tables.view.row(i));
  });
}

ASTERISM_INLINE void HostDevice::rotate(DeviceMatrix<const float> tables, std::size_t head_dim,
                                        DeviceMatrix<float> x) {
  checks().rotate(tables, head_dim, x);
  execution_.for_each_task(x.rows(), [&](std::size_t i) {
    for (std::size_t c = 0; c < x.cols(); c += head_dim) {
      linalg::rotate_half(x.view.row(i).subview(c, tables.cols()), tables.view.row(i));
    }
  });
}

ASTERISM_INLINE void HostDevice::group(DeviceMatrix<const gating::Route> routes, const ExpertGroups& groups) {
  checks().group(routes, groups);
  for (std::size_t i = 0; i < routes.rows(); ++i) {
    for (const gating::Route& route : routes.view.row(i)) {
      if (route.expert == gating::dropped) continue;
      if (route.expert < 0 || static_cast<std::size_t>(route.expert) >= groups.experts()) {
        throw InvalidArgument(concat("group: a row is routed to expert ", route.expert, " of ", groups.experts()));
      }
    }
  }
  sort_by_expert(routes.view, groups);
}

ASTERISM_INLINE void HostDevice::gather(const ExpertGroups& groups, DeviceMatrix<const float> x,
                                        DeviceMatrix<float> out) {
  checks().gather(groups, x, out);
  execution_.for_each_task(out.rows(), [&](std::size_t slot) {
    std::memcpy(out.view.row(slot).data, x.view.row(static_cast<std::size_t>(groups.source_row[slot])).data,
                out.cols() * sizeof(float));
  });
}

ASTERISM_INLINE void HostDevice::combine(const ExpertGroups& groups, DeviceMatrix<const gating::Route> routes,
                                         DeviceMatrix<const float> y, DeviceMatrix<float> x) {
  checks().combine(groups, routes, y, x);
  execution_.for_each_task(
      x.rows(), [&](std::size_t i) { add_answers(groups, routes.view.row(i), i, y.view, x.view.row(i)); });
}

ASTERISM_INLINE void HostDevice::causal_convolution(DeviceMatrix<const float> x, DeviceMatrix<const float> weights,
                                                    DeviceMatrix<const float> before, DeviceMatrix<float> after,
                                                    DeviceMatrix<float> y) {
  checks().causal_convolution(x, weights, before, after, y);
  backend::causal_convolution(execution_, x.view, weights.view, before.view, after.view, y.view);
}

ASTERISM_INLINE void HostDevice::delta_gates(const DeltaHeads& heads, DeviceMatrix<const float> ba,
                                             DeviceMatrix<const float> rate, DeviceMatrix<const float> dt_bias,
                                             DeviceMatrix<float> decay, DeviceMatrix<float> beta) {
  checks().delta_gates(heads, ba, rate, dt_bias, decay, beta);
  backend::delta_gates(execution_, heads, ba.view, rate.view.row(0), dt_bias.view.row(0), decay.view, beta.view);
}

ASTERISM_INLINE void HostDevice::delta_rule(const DeltaHeads& heads, DeviceMatrix<const float> qkv,
                                            DeviceMatrix<const float> decay, DeviceMatrix<const float> beta,
                                            DeviceMatrix<const float> before, DeviceMatrix<float> after,
                                            DeviceMatrix<float> out) {
  checks().delta_rule(heads, qkv, decay, beta, before, after, out);
  backend::delta_rule(execution_, heads, qkv.view, decay.view, beta.view, before.view, after.view, out.view);
}

ASTERISM_INLINE void HostDevice::gated_rms_norm(DeviceMatrix<const float> x, DeviceMatrix<const float> weight,
                                                float epsilon, DeviceMatrix<const float> z,
                                                DeviceMatrix<float> y) {
  checks().gated_rms_norm(x, weight, z, y);
  backend::gated_rms_norm(execution_, x.view, weight.view.row(0), epsilon, z.view, y.view);
}

}  // namespace asterism::backend
