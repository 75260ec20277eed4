// Bodies of checks.hpp.
#pragma once

#include "asterism/backend/checks.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"

namespace asterism::backend {

ASTERISM_INLINE void Checks::upload(MatrixView<const float> from, DeviceMatrix<const float> to) const {
  on_this_device("upload", to);
  agree("upload", from.rows == to.rows() && from.cols == to.cols());
}

ASTERISM_INLINE void Checks::download(DeviceMatrix<const float> from, MatrixView<const float> to) const {
  on_this_device("download", from);
  agree("download", from.rows() == to.rows && from.cols() == to.cols);
}

ASTERISM_INLINE void Checks::copy_from(DeviceMatrix<const float> from, DeviceMatrix<const float> to) const {
  on_this_device("copy_from", to);
  agree("copy_from", same_shape(from, to));
}

ASTERISM_INLINE void Checks::rms_norm(DeviceMatrix<const float> x, DeviceMatrix<const float> weight,
                                      DeviceMatrix<const float> y) const {
  on_this_device("rms_norm", x, weight, y);
  agree("rms_norm", same_shape(x, y) && weight.rows() == 1 && weight.cols() == x.cols());
}

ASTERISM_INLINE void Checks::add(DeviceMatrix<const float> y, DeviceMatrix<const float> x) const {
  on_this_device("add", y, x);
  agree("add", y.cols() == x.cols() && (y.rows() == x.rows() || y.rows() == 1));
}

ASTERISM_INLINE void Checks::silu_multiply(DeviceMatrix<const float> gate, DeviceMatrix<const float> up,
                                           DeviceMatrix<const float> out) const {
  on_this_device("silu_multiply", gate, up, out);
  agree("silu_multiply", same_shape(gate, out) && same_shape(up, out));
}

ASTERISM_INLINE void Checks::relu(DeviceMatrix<const float> x, DeviceMatrix<const float> y) const {
  on_this_device("relu", x, y);
  agree("relu", same_shape(x, y));
}

ASTERISM_INLINE void Checks::sigmoid_multiply(DeviceMatrix<const float> gate, DeviceMatrix<const float> x) const {
  on_this_device("sigmoid_multiply", gate, x);
  agree("sigmoid_multiply", gate.rows() == x.rows() && (gate.cols() == x.cols() || gate.cols() == 1));
}

ASTERISM_INLINE void Checks::split(DeviceMatrix<const float> x, std::size_t width, DeviceMatrix<const float> first,
                                   DeviceMatrix<const float> second) const {
  on_this_device("split", x, first, second);
  agree("split", same_shape(first, second) && x.rows() == first.rows() && x.cols() == 2 * first.cols() &&
                     width > 0 && first.cols() % width == 0);
}

ASTERISM_INLINE void Checks::rotary_tables(DeviceMatrix<const float> tables) const {
  on_this_device("rotary_tables", tables);
  agree("rotary_tables", tables.cols() % 2 == 0);
}

ASTERISM_INLINE void Checks::rotate(DeviceMatrix<const float> tables, std::size_t head_dim,
                                    DeviceMatrix<const float> x) const {
  on_this_device("rotate", tables, x);
  agree("rotate", tables.rows() == x.rows() && tables.cols() > 0 && tables.cols() % 2 == 0 &&
                      tables.cols() <= head_dim && x.cols() % head_dim == 0);
}

ASTERISM_INLINE void Checks::group(DeviceMatrix<const gating::Route> routes, const ExpertGroups& groups) const {
  on_this_device("group", routes, groups);
  agree("group", groups.offsets.size > 0 && groups.source_row.size == routes.rows() * routes.cols() &&
                     groups.slot_of_choice.size == groups.source_row.size);
}

ASTERISM_INLINE void Checks::gather(const ExpertGroups& groups, DeviceMatrix<const float> x,
                                    DeviceMatrix<const float> out) const {
  on_this_device("gather", groups, x, out);
  agree("gather", out.rows() == groups.source_row.size && out.cols() == x.cols());
}

ASTERISM_INLINE void Checks::combine(const ExpertGroups& groups, DeviceMatrix<const gating::Route> routes,
                                     DeviceMatrix<const float> y, DeviceMatrix<const float> x) const {
  on_this_device("combine", groups, routes, y, x);
  agree("combine", x.rows() == routes.rows() && y.rows() == groups.source_row.size && x.cols() == y.cols() &&
                       groups.slot_of_choice.size == routes.rows() * routes.cols());
}

ASTERISM_INLINE void Checks::causal_convolution(DeviceMatrix<const float> x, DeviceMatrix<const float> weights,
                                                DeviceMatrix<const float> before, DeviceMatrix<const float> after,
                                                DeviceMatrix<const float> y) const {
  on_this_device("causal_convolution", x, weights, before, after, y);
  agree("causal_convolution", same_shape(x, y) && weights.rows() == x.cols() && weights.cols() > 0 &&
                                  weights.cols() <= most_kernel_width && before.rows() + 1 == weights.cols() &&
                                  before.cols() == x.cols() && same_shape(before, after));
}

ASTERISM_INLINE void Checks::delta_gates(const DeltaHeads& heads, DeviceMatrix<const float> ba,
                                         DeviceMatrix<const float> rate, DeviceMatrix<const float> dt_bias,
                                         DeviceMatrix<const float> decay, DeviceMatrix<const float> beta) const {
  on_this_device("delta_gates", ba, rate, dt_bias, decay, beta);
  agree("delta_gates", heads.sound() && ba.cols() == 2 * heads.value_heads && rate.rows() == 1 &&
                           rate.cols() == heads.value_heads && same_shape(rate, dt_bias) &&
                           decay.rows() == ba.rows() && decay.cols() == heads.value_heads &&
                           same_shape(decay, beta));
}

ASTERISM_INLINE void Checks::delta_rule(const DeltaHeads& heads, DeviceMatrix<const float> qkv,
                                        DeviceMatrix<const float> decay, DeviceMatrix<const float> beta,
                                        DeviceMatrix<const float> before, DeviceMatrix<const float> after,
                                        DeviceMatrix<const float> out) const {
  on_this_device("delta_rule", qkv, decay, beta, before, after, out);
  agree("delta_rule", heads.sound() && qkv.cols() == heads.qkv_columns() && decay.rows() == qkv.rows() &&
                          decay.cols() == heads.value_heads && same_shape(decay, beta) &&
                          before.rows() == heads.state_rows() && before.cols() == heads.value_width &&
                          same_shape(before, after) && out.rows() == qkv.rows() &&
                          out.cols() == heads.value_columns());
}

ASTERISM_INLINE void Checks::gated_rms_norm(DeviceMatrix<const float> x, DeviceMatrix<const float> weight,
                                            DeviceMatrix<const float> z, DeviceMatrix<const float> y) const {
  on_this_device("gated_rms_norm", x, weight, z, y);
  agree("gated_rms_norm", weight.rows() == 1 && weight.cols() > 0 && x.cols() % weight.cols() == 0 &&
                              same_shape(x, z) && same_shape(x, y));
}

ASTERISM_INLINE void Checks::are_tokens(View<const TokenId> ids, std::uint64_t vocabulary) {
  for (const TokenId id : ids) {
    if (id < 0 || static_cast<std::uint64_t>(id) >= vocabulary) {
      throw InvalidArgument(concat("token id ", id, " is outside the vocabulary of ", vocabulary, " entries"));
    }
  }
}

ASTERISM_INLINE void Checks::refuse_device(const char* operation, std::int32_t found) const {
  throw WrongDevice(concat(operation, " runs on device ", device, " but an operand lives on device ", found,
                           ": hand it over with copy_from() first"));
}

ASTERISM_INLINE void Checks::refuse_shapes(const char* operation) {
  throw InvalidArgument(concat(operation, ": the shapes of the operands do not agree"));
}

ASTERISM_INLINE void Checks::refuse_formats(const char* operation) {
  throw InvalidArgument(concat(operation,
                               ": the experts' matrices are in different formats, but one operation takes "
                               "those of one format"));
}

}  // namespace asterism::backend
