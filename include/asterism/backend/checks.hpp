// Checks of the operands of every operation, shared by all backends.
#pragma once

#include <cstddef>
#include <cstdint>

#include "asterism/backend/attention_parts.hpp"
#include "asterism/backend/delta_heads.hpp"
#include "asterism/backend/groups.hpp"
#include "asterism/backend/kv_view.hpp"
#include "asterism/backend/low_rank.hpp"
#include "asterism/backend/operand.hpp"
#include "asterism/core/config.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/core/view.hpp"
#include "asterism/gating/concept.hpp"
#include "asterism/quant/one_of.hpp"

namespace asterism::backend {

/// One member per operation of Backend, which calls it first: throws WrongDevice unless all operands are on
/// `device`, then InvalidArgument unless their shapes agree. BasicHost documents the shapes. Reads no device
/// memory.
struct Checks {
  std::int32_t device;

  /// For fill and read: only checks the device.
  template <class... Operands>
  void on_this_device(const char* operation, const Operands&... operands) const {
    ((operands.device == device ? void() : refuse_device(operation, operands.device)), ...);
  }

  void upload(MatrixView<const float> from, DeviceMatrix<const float> to) const;
  void download(DeviceMatrix<const float> from, MatrixView<const float> to) const;
  /// `from` may be on any device.
  void copy_from(DeviceMatrix<const float> from, DeviceMatrix<const float> to) const;

  /// Also throws InvalidArgument if an id is outside the vocabulary.
  template <class Format>
  void embed(const DeviceWeights<Format>& table, View<const TokenId> ids, DeviceMatrix<const float> out) const {
    on_this_device("embed", table, out);
    agree("embed", ids.size == out.rows() && table.cols == out.cols());
    are_tokens(ids, table.rows);
  }

  void rms_norm(DeviceMatrix<const float> x, DeviceMatrix<const float> weight, DeviceMatrix<const float> y) const;

  template <class Format>
  void product(const DeviceWeights<Format>& weights, DeviceMatrix<const float> x, DeviceMatrix<const float> y,
               const char* operation = "product") const {
    on_this_device(operation, weights, x, y);
    agree(operation, x.rows() == y.rows() && x.cols() == weights.cols && y.cols() == weights.rows);
  }

  template <class Format>
  void grouped_product(View<const DeviceWeights<Format>> weights, const ExpertGroups& groups,
                       DeviceMatrix<const float> x, DeviceMatrix<const float> y,
                       const char* operation = "grouped_product") const {
    on_this_device(operation, groups, x, y);
    agree(operation, weights.size == groups.experts() && x.rows() == groups.source_row.size &&
                         y.rows() == groups.source_row.size);
    for (const DeviceWeights<Format>& one : weights) {
      on_this_device(operation, one);
      agree(operation, x.cols() == one.cols && y.cols() == one.rows);
      if constexpr (quant::Tagged<Format>) are_in_one_format(operation, weights[0].tag == one.tag);
    }
  }

  void add(DeviceMatrix<const float> y, DeviceMatrix<const float> x) const;

  template <class Format>
  void add_low_rank(const LowRankColumns<Format>& b, DeviceMatrix<const float> inner, DeviceMatrix<const float> y,
                    const char* operation = "add_low_rank") const {
    on_this_device(operation, b.columns, inner, y);
    agree(operation, inner.rows() == y.rows() && inner.cols() == b.columns.rows && y.cols() == b.columns.cols);
  }

  template <class Format>
  void add_low_rank(View<const LowRankSum<Format>> all) const {
    for (const LowRankSum<Format>& one : all) add_low_rank(one.b, one.inner, one.y);
  }

  template <class Format>
  void grouped_add_low_rank(View<const LowRankColumns<Format>> b, const ExpertGroups& groups,
                            DeviceMatrix<const float> inner, DeviceMatrix<const float> y) const {
    const char* operation = "grouped_add_low_rank";
    on_this_device(operation, groups, inner, y);
    agree(operation, b.size == groups.experts() && y.rows() == groups.source_row.size);
    for (const LowRankColumns<Format>& one : b) {
      if (one.columns.data != nullptr) add_low_rank(one, inner, y, operation);
    }
  }

  template <class Format>
  void products(View<const Product<Format>> all, DeviceMatrix<const float> x) const {
    for (const auto& one : all) product(one.weights, x, one.y, "products");
  }

  template <class Format>
  void grouped_swiglu(const Experts<Format>& experts, const ExpertGroups& groups, DeviceMatrix<const float> x,
                      DeviceMatrix<const float> gate, DeviceMatrix<const float> up,
                      DeviceMatrix<const float> y) const {
    agree("grouped_swiglu", same_shape(gate, up));
    grouped_product(experts.gate, groups, x, gate, "grouped_swiglu");
    grouped_product(experts.up, groups, x, up, "grouped_swiglu");
    grouped_product(experts.down, groups, gate, y, "grouped_swiglu");
  }

  void silu_multiply(DeviceMatrix<const float> gate, DeviceMatrix<const float> up,
                     DeviceMatrix<const float> out) const;

  void relu(DeviceMatrix<const float> x, DeviceMatrix<const float> y) const;

  void sigmoid_multiply(DeviceMatrix<const float> gate, DeviceMatrix<const float> x) const;

  void split(DeviceMatrix<const float> x, std::size_t width, DeviceMatrix<const float> first,
             DeviceMatrix<const float> second) const;

  void rotary_tables(DeviceMatrix<const float> tables) const;

  void rotate(DeviceMatrix<const float> tables, std::size_t head_dim, DeviceMatrix<const float> x) const;

  template <class Format>
  void append_kv(DeviceMatrix<const float> keys, DeviceMatrix<const float> values, std::size_t first,
                 const KvView<Format>& kv) const {
    on_this_device("append_kv", keys, values, kv);
    agree("append_kv",
          same_shape(keys, values) && keys.cols() == kv.kv_heads * kv.head_dim && kv.holds(first, keys.rows()));
  }

  template <class Format>
  void attend(DeviceMatrix<const float> queries, const KvView<Format>& kv, std::size_t first,
              DeviceMatrix<const float> out) const {
    on_this_device("attend", queries, kv, out);
    const std::size_t kv_width = kv.kv_heads * kv.head_dim;
    agree("attend", same_shape(queries, out) && kv_width > 0 && kv.head_dim <= widest_head &&
                        queries.cols() % kv_width == 0 && kv.holds(first, queries.rows()));
  }

  template <class Format>
  void attention_mass(DeviceMatrix<const float> queries, const KvView<Format>& kv, std::size_t first,
                      DeviceMatrix<const float> scratch, DeviceMatrix<const float> before,
                      DeviceMatrix<const float> after) const {
    on_this_device("attention_mass", queries, kv, scratch, before, after);
    const std::size_t kv_width = kv.kv_heads * kv.head_dim;
    agree("attention_mass", kv_width > 0 && queries.cols() % kv_width == 0 && kv.window == 0 &&
                                kv.holds(first, queries.rows()) && of_slots(kv, scratch) && of_slots(kv, before) &&
                                of_slots(kv, after));
  }

  template <class Format>
  void drop_least(const KvView<Format>& kv, std::size_t begin, std::size_t end, std::size_t count,
                  DeviceMatrix<const float> scratch, DeviceMatrix<const float> mass) const {
    on_this_device("drop_least", kv, scratch, mass);
    agree("drop_least",
          begin <= end && end <= kv.slots && count <= end - begin && of_slots(kv, scratch) && of_slots(kv, mass));
  }

  template <gating::Gating Gating>
  void route(const Gating& gating, DeviceMatrix<const float> logits,
             DeviceMatrix<const gating::Route> routes) const {
    on_this_device("route", logits, routes);
    agree("route",
          logits.rows() == routes.rows() && routes.cols() == gating.top_k() && logits.cols() >= gating.top_k());
  }

  void group(DeviceMatrix<const gating::Route> routes, const ExpertGroups& groups) const;

  void gather(const ExpertGroups& groups, DeviceMatrix<const float> x, DeviceMatrix<const float> out) const;

  void combine(const ExpertGroups& groups, DeviceMatrix<const gating::Route> routes, DeviceMatrix<const float> y,
               DeviceMatrix<const float> x) const;

  void causal_convolution(DeviceMatrix<const float> x, DeviceMatrix<const float> weights,
                          DeviceMatrix<const float> before, DeviceMatrix<const float> after,
                          DeviceMatrix<const float> y) const;
  void delta_gates(const DeltaHeads& heads, DeviceMatrix<const float> ba, DeviceMatrix<const float> rate,
                   DeviceMatrix<const float> dt_bias, DeviceMatrix<const float> decay,
                   DeviceMatrix<const float> beta) const;
  void delta_rule(const DeltaHeads& heads, DeviceMatrix<const float> qkv, DeviceMatrix<const float> decay,
                  DeviceMatrix<const float> beta, DeviceMatrix<const float> before,
                  DeviceMatrix<const float> after, DeviceMatrix<const float> out) const;
  void gated_rms_norm(DeviceMatrix<const float> x, DeviceMatrix<const float> weight, DeviceMatrix<const float> z,
                      DeviceMatrix<const float> y) const;

 private:
  static bool same_shape(const DeviceMatrix<const float>& a, const DeviceMatrix<const float>& b) {
    return a.rows() == b.rows() && a.cols() == b.cols();
  }
  /// A number for each slot of each key/value head.
  template <class Format>
  static bool of_slots(const KvView<Format>& kv, const DeviceMatrix<const float>& mass) {
    return mass.rows() == kv.kv_heads && mass.cols() == kv.slots;
  }
  static void agree(const char* operation, bool shapes_agree) {
    if (!shapes_agree) refuse_shapes(operation);
  }
  static void are_tokens(View<const TokenId> ids, std::uint64_t vocabulary);
  static void are_in_one_format(const char* operation, bool alike) {
    if (!alike) refuse_formats(operation);
  }

  [[noreturn]] void refuse_device(const char* operation, std::int32_t found) const;
  [[noreturn]] static void refuse_shapes(const char* operation);
  [[noreturn]] static void refuse_formats(const char* operation);
};

}  // namespace asterism::backend

#if !defined(ASTERISM_COMPILED)
#include "asterism/backend/checks_impl.hpp"
#endif
