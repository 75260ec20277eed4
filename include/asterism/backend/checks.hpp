// What every operation asks of its operands: the same questions on every backend.
#pragma once

#include <cstddef>
#include <cstdint>

#include "asterism/backend/groups.hpp"
#include "asterism/backend/kv_view.hpp"
#include "asterism/backend/operand.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/core/view.hpp"
#include "asterism/gating/concept.hpp"

namespace asterism::backend {

/// One member for each operation of Backend, which calls it first: throws WrongDevice unless all operands live on
/// `device`, then InvalidArgument unless their shapes agree. BasicHost documents the shapes. Reads no memory of the
/// device.
struct Checks {
  std::int32_t device;

  /// Of fill and read: operands that agree with anything.
  template <class... Operands>
  void on_this_device(const char* operation, const Operands&... operands) const {
    const auto check = [&](std::int32_t found) {
      if (found == device) return;
      throw WrongDevice(concat(operation, " runs on device ", device, " but an operand lives on device ", found,
                               ": hand it over with copy_from() first"));
    };
    (check(operands.device), ...);
  }

  void upload(MatrixView<const float> from, DeviceMatrix<const float> to) const {
    on_this_device("upload", to);
    agree("upload", from.rows == to.rows() && from.cols == to.cols());
  }
  void download(DeviceMatrix<const float> from, MatrixView<const float> to) const {
    on_this_device("download", from);
    agree("download", from.rows() == to.rows && from.cols() == to.cols);
  }
  /// `from` may live anywhere.
  void copy_from(DeviceMatrix<const float> from, DeviceMatrix<const float> to) const {
    on_this_device("copy_from", to);
    agree("copy_from", same_shape(from, to));
  }

  /// Also throws InvalidArgument where an id is outside the vocabulary.
  template <class Format>
  void embed(const DeviceWeights<Format>& table, View<const TokenId> ids, DeviceMatrix<const float> out) const {
    on_this_device("embed", table, out);
    agree("embed", ids.size == out.rows() && table.cols == out.cols());
    for (const TokenId id : ids) {
      if (id < 0 || static_cast<std::uint64_t>(id) >= table.rows) {
        throw InvalidArgument(concat("token id ", id, " is outside the vocabulary of ", table.rows, " entries"));
      }
    }
  }

  void rms_norm(DeviceMatrix<const float> x, DeviceMatrix<const float> weight, DeviceMatrix<const float> y) const {
    on_this_device("rms_norm", x, weight, y);
    agree("rms_norm", same_shape(x, y) && weight.rows() == 1 && weight.cols() == x.cols());
  }

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
    }
  }

  void add(DeviceMatrix<const float> y, DeviceMatrix<const float> x) const {
    on_this_device("add", y, x);
    agree("add", same_shape(x, y));
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
                     DeviceMatrix<const float> out) const {
    on_this_device("silu_multiply", gate, up, out);
    agree("silu_multiply", same_shape(gate, out) && same_shape(up, out));
  }

  void rotary_tables(DeviceMatrix<const float> tables) const {
    on_this_device("rotary_tables", tables);
    agree("rotary_tables", tables.cols() % 2 == 0);
  }

  void rotate(DeviceMatrix<const float> tables, DeviceMatrix<const float> x) const {
    on_this_device("rotate", tables, x);
    agree("rotate", tables.rows() == x.rows() && tables.cols() > 0 && tables.cols() % 2 == 0 &&
                        x.cols() % tables.cols() == 0);
  }

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
    agree("attend", same_shape(queries, out) && kv_width > 0 && queries.cols() % kv_width == 0 &&
                        kv.holds(first, queries.rows()));
  }

  template <gating::Gating Gating>
  void route(const Gating& gating, DeviceMatrix<const float> logits,
             DeviceMatrix<const gating::Route> routes) const {
    on_this_device("route", logits, routes);
    agree("route",
          logits.rows() == routes.rows() && routes.cols() == gating.top_k() && logits.cols() >= gating.top_k());
  }

  void group(DeviceMatrix<const gating::Route> routes, const ExpertGroups& groups) const {
    on_this_device("group", routes, groups);
    agree("group", groups.offsets.size > 0 && groups.source_row.size == routes.rows() * routes.cols() &&
                       groups.slot_of_choice.size == groups.source_row.size);
  }

  void gather(const ExpertGroups& groups, DeviceMatrix<const float> x, DeviceMatrix<const float> out) const {
    on_this_device("gather", groups, x, out);
    agree("gather", out.rows() == groups.source_row.size && out.cols() == x.cols());
  }

  void combine(const ExpertGroups& groups, DeviceMatrix<const gating::Route> routes, DeviceMatrix<const float> y,
               DeviceMatrix<const float> x) const {
    on_this_device("combine", groups, routes, y, x);
    agree("combine", x.rows() == routes.rows() && y.rows() == groups.source_row.size && x.cols() == y.cols() &&
                         groups.slot_of_choice.size == routes.rows() * routes.cols());
  }

 private:
  static bool same_shape(const DeviceMatrix<const float>& a, const DeviceMatrix<const float>& b) {
    return a.rows() == b.rows() && a.cols() == b.cols();
  }

  static void agree(const char* operation, bool shapes_agree) {
    if (!shapes_agree) throw InvalidArgument(concat(operation, ": the shapes of the operands do not agree"));
  }
};

}  // namespace asterism::backend
