// The CPU as a logical device.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <tuple>
#include <utility>

#include "asterism/backend/arena.hpp"
#include "asterism/backend/checks.hpp"
#include "asterism/backend/fwd.hpp"
#include "asterism/backend/groups.hpp"
#include "asterism/backend/host_attention.hpp"
#include "asterism/backend/host_dispatch.hpp"
#include "asterism/backend/host_products.hpp"
#include "asterism/backend/kv_view.hpp"
#include "asterism/backend/operand.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/core/view.hpp"
#include "asterism/gating/concept.hpp"
#include "asterism/linalg/rms_norm.hpp"
#include "asterism/linalg/rotary.hpp"
#include "asterism/parallel/concept.hpp"
#include "asterism/quant/concept.hpp"
#include "asterism/quant/kernel_order.hpp"
#include "asterism/simd/silu.hpp"

namespace asterism::backend {

/// A logical device in the memory of this machine, computing on the threads of an execution policy, which several
/// devices may share. Weights lie in kernel order, see quant::RowTiles. Models Backend; see its rules. Sums in fp32, in
/// one fixed order. For one thread at a time.
///
/// @tparam Execution   who computes
/// @tparam Activation  how activations meet quantized weights: quant::Float32Activations, or quant::Int8Activations, which
///                     is much faster; both say how far results move
template <class Execution, class Activation>
class BasicHost {
 public:
  static_assert(parallel::Execution<Execution>);
  using ExecutionPolicy = Execution;
  using ActivationPolicy = Activation;

  /// `device` is the index under which messages and operands name it.
  BasicHost(std::int32_t device, Bytes budget, std::shared_ptr<Execution> execution)
      : arena_(device, budget), execution_(std::move(execution)), products_(*execution_) {}

  Arena& arena() { return arena_; }
  const Arena& arena() const { return arena_; }
  std::int32_t device() const { return arena_.device(); }

  Buffer allocate(Bytes size, std::string_view holder) { return arena_.allocate(size, holder); }

  void synchronize() {}

  /// Bytes that products of `rows` rows of `cols` columns need beside their operands: 0 for exact activations.
  static constexpr Bytes scratch(std::size_t rows, std::size_t cols) {
    return HostProducts<Execution, Activation>::scratch(rows, cols);
  }

  /// Draws them from the arena and keeps them: for all products that are no larger.
  void reserve(std::size_t rows, std::size_t cols) {
    const Bytes bytes = scratch(rows, cols);
    if (bytes.count > 0) products_.keep(allocate(bytes, "workspace"));
  }

  /// Lets the host write `weights`: f(the same). f writes every byte of their planes, in the standard order, and they
  /// are brought into kernel order then. Allocates one tile.
  template <class Format, class F>
  void write(const DeviceWeights<Format>& weights, F&& f) {
    checks().on_this_device("write", weights);
    f(weights);
    quant::to_kernel_order<Format>(weights.data, weights.rows, weights.cols);
  }

  /// Lets the host write a matrix.
  template <class T, class F>
  void write(const DeviceMatrix<T>& matrix, F&& f) {
    checks().on_this_device("write", matrix);
    f(matrix);
  }

  /// Host memory to this device; equal shapes.
  void upload(MatrixView<const float> from, DeviceMatrix<float> to) {
    checks().upload(from, to);
    copy_rows(from, to.view);
  }

  /// This device to host memory; equal shapes.
  void download(DeviceMatrix<const float> from, MatrixView<float> to) {
    checks().download(from, to);
    copy_rows(from.view, to);
  }

  /// The matrices for the host to read, as a tuple of views, valid until an operation changes them or the next `read`.
  template <class... T>
  std::tuple<MatrixView<const T>...> read(const DeviceMatrix<T>&... matrices) {
    checks().on_this_device("read", matrices...);
    return {matrices.view...};
  }

  /// The hand-over: `from` lives on any device, `to` on this one; equal shapes. Returns `to`.
  DeviceMatrix<float> copy_from(DeviceMatrix<const float> from, DeviceMatrix<float> to) {
    checks().copy_from(from, to);
    copy_rows(from.view, to.view);
    return to;
  }

  /// out(i, :) = row ids[i] of table (vocabulary, hidden). Throws InvalidArgument where an id is outside.
  template <quant::Quantization Format>
  void embed(DeviceWeights<Format> table, View<const TokenId> ids, DeviceMatrix<float> out) {
    checks().embed(table, ids, out);
    execution_->for_each_tile(ids.size, [&](std::size_t i) {
      quant::decode(table.kernel_matrix(), static_cast<std::uint64_t>(ids[i]) * out.cols(), out.view.row(i));
    });
  }

  /// y(i, :) = RMSNorm(x(i, :)) with weight (1, cols).
  void rms_norm(DeviceMatrix<const float> x, DeviceMatrix<const float> weight, float epsilon,
                DeviceMatrix<float> y) {
    checks().rms_norm(x, weight, y);
    execution_->for_each_tile(x.rows(), [&](std::size_t i) {
      linalg::rms_norm(x.view.row(i), weight.view.row(0), epsilon, y.view.row(i));
    });
  }

  /// y = x W^T: x (n, cols), W (rows, cols), y (n, rows), directly on the stored weights.
  template <quant::Quantization Format>
  void product(DeviceWeights<Format> weights, DeviceMatrix<const float> x, DeviceMatrix<float> y) {
    checks().product(weights, x, y);
    const Product<Format> one{weights, y};
    products_.multiply(View<const Product<Format>>(&one, 1), x.view);
  }

  /// Several products of the same rows at once; the y do not overlap.
  template <quant::Quantization Format>
  void products(View<const Product<Format>> all, DeviceMatrix<const float> x) {
    checks().products(all, x);
    products_.multiply(all, x.view);
  }

  /// For every expert e the rows of its group: y(s, :) = x(s, :) W_e^T for its slots s. weights (experts), all of
  /// one shape; x (slots, cols), y (slots, rows).
  template <quant::Quantization Format>
  void grouped_product(View<const DeviceWeights<Format>> weights, const ExpertGroups& groups,
                       DeviceMatrix<const float> x, DeviceMatrix<float> y) {
    checks().grouped_product(weights, groups, x, y);
    products_.multiply_groups(weights, groups, x.view, y.view);
  }

  /// Whole gated experts: y(s, :) = down_e (silu(gate_e x(s, :)) * up_e x(s, :)) for the slots s of every expert e. The
  /// experts are all of one shape; x and y (slots, hidden), y may be x; gate and up (slots, ffn) are scratch.
  template <quant::Quantization Format>
  void grouped_swiglu(const Experts<Format>& experts, const ExpertGroups& groups, DeviceMatrix<const float> x,
                      DeviceMatrix<float> gate, DeviceMatrix<float> up, DeviceMatrix<float> y) {
    checks().grouped_swiglu(experts, groups, x, gate, up, y);
    products_.multiply_swiglu(experts, groups, x.view, gate.view, up.view, y.view);
  }

  /// x += y, equal shapes.
  void add(DeviceMatrix<const float> y, DeviceMatrix<float> x) {
    checks().add(y, x);
    execution_->for_each_tile(x.rows(), [&](std::size_t i) {
      for (std::size_t c = 0; c < x.cols(); ++c) x.view(i, c) += y.view(i, c);
    });
  }

  /// out = silu(gate) * up, equal shapes.
  void silu_multiply(DeviceMatrix<const float> gate, DeviceMatrix<const float> up, DeviceMatrix<float> out) {
    checks().silu_multiply(gate, up, out);
    execution_->for_each_tile(out.rows(), [&](std::size_t i) {
      simd::silu_multiply(gate.view.row(i), up.view.row(i), out.view.row(i));
    });
  }

  /// tables(i, :) = cosines and sines of position first + i; tables (n, head_dim), head_dim even.
  void rotary_tables(std::int32_t first, double theta, DeviceMatrix<float> tables) {
    checks().rotary_tables(tables);
    execution_->for_each_tile(tables.rows(), [&](std::size_t i) {
      linalg::rotary_table(first + static_cast<std::int32_t>(i), theta, tables.view.row(i));
    });
  }

  /// Rotates every head of x (n, heads * head_dim) by its row of tables (n, head_dim), in place.
  void rotate(DeviceMatrix<const float> tables, DeviceMatrix<float> x) {
    checks().rotate(tables, x);
    execution_->for_each_tile(x.rows(), [&](std::size_t i) {
      for (std::size_t c = 0; c < x.cols(); c += tables.cols()) {
        linalg::rotate_half(x.view.row(i).subview(c, tables.cols()), tables.view.row(i));
      }
    });
  }

  /// Stores keys and values (n, kv_heads * head_dim) at positions first ... first + n - 1 of kv, which holds them.
  /// Throws NumericError where a value is beyond the format's range.
  template <class Format>
  void append_kv(DeviceMatrix<const float> keys, DeviceMatrix<const float> values, std::size_t first,
                 KvView<Format> kv) {
    checks().append_kv(keys, values, first, kv);
    execution_->for_each_tile(keys.rows(), [&](std::size_t i) {
      for (std::size_t head = 0; head < kv.kv_heads; ++head) {
        const std::size_t to = kv.offset(head, first + i);
        KvFormat<Format>::store(keys.view.row(i).subview(head * kv.head_dim, kv.head_dim), kv.keys + to);
        KvFormat<Format>::store(values.view.row(i).subview(head * kv.head_dim, kv.head_dim), kv.values + to);
      }
    });
  }

  /// Causal attention: query row i (n, heads * head_dim) stands at position first + i and sees what `visible` says,
  /// at most the last `window` positions where window > 0. The rows are the last n that were appended. out (n,
  /// heads * head_dim).
  template <class Format>
  void attend(DeviceMatrix<const float> queries, KvView<Format> kv, std::size_t first, std::size_t window,
              DeviceMatrix<float> out) {
    checks().attend(queries, kv, first, out);
    const std::size_t group_width = queries.cols() / kv.kv_heads;
    const std::size_t each = rows_together(group_width / kv.head_dim);
    const std::size_t blocks = (queries.rows() + each - 1) / each;
    execution_->for_each_tile(blocks * kv.kv_heads, [&](std::size_t tile) {
      const std::size_t head = tile / blocks;
      const std::size_t row = tile % blocks * each;
      const std::size_t rows = queries.rows() - row < each ? queries.rows() - row : each;
      const auto of_head = [&](const auto& all) {
        return MatrixView(all.view.row(row).data + head * group_width, rows, group_width, all.view.stride);
      };
      attend_rows<Format>(of_head(queries), kv, head, first + row, window, of_head(out));
    });
  }

  /// routes(i, :) = the gating's choice for logits(i, :), which become the router's probabilities. logits (n,
  /// experts), routes (n, top_k).
  template <gating::Gating Gating>
  void route(const Gating& gating, DeviceMatrix<float> logits, DeviceMatrix<gating::Route> routes) {
    checks().route(gating, logits, routes);
    for (std::size_t i = 0; i < logits.rows(); ++i) gating.route(logits.view.row(i), routes.view.row(i));
  }

  /// Sorts the rows by expert; see ExpertGroups. routes (n, top_k); groups for n * top_k slots. Throws InvalidArgument
  /// where a route names an expert that the groups lack.
  void group(DeviceMatrix<const gating::Route> routes, const ExpertGroups& groups) {
    checks().group(routes, groups);
    for (std::size_t i = 0; i < routes.rows(); ++i) {
      for (const gating::Route& route : routes.view.row(i)) {
        if (route.expert < 0 || static_cast<std::size_t>(route.expert) >= groups.experts()) {
          throw InvalidArgument(
              concat("group: a row is routed to expert ", route.expert, " of ", groups.experts()));
        }
      }
    }
    sort_by_expert(routes.view, groups);
  }

  /// out(s, :) = x(rows[s], :) for every slot s. x (n, cols), out (slots, cols).
  void gather(const ExpertGroups& groups, DeviceMatrix<const float> x, DeviceMatrix<float> out) {
    checks().gather(groups, x, out);
    execution_->for_each_tile(out.rows(), [&](std::size_t slot) {
      std::memcpy(out.view.row(slot).data, x.view.row(static_cast<std::size_t>(groups.source_row[slot])).data,
                  out.cols() * sizeof(float));
    });
  }

  /// x(i, :) += sum over its choices j, in order of expert, of weight(i, j) * y(slot(i, j), :). y (slots, cols).
  void combine(const ExpertGroups& groups, DeviceMatrix<const gating::Route> routes, DeviceMatrix<const float> y,
               DeviceMatrix<float> x) {
    checks().combine(groups, routes, y, x);
    execution_->for_each_tile(
        x.rows(), [&](std::size_t i) { add_answers(groups, routes.view.row(i), i, y.view, x.view.row(i)); });
  }

 private:
  Checks checks() const { return {device()}; }

  static void copy_rows(MatrixView<const float> from, MatrixView<float> to) {
    for (std::size_t i = 0; i < from.rows; ++i)
      std::memcpy(to.row(i).data, from.row(i).data, from.cols * sizeof(float));
  }

  Arena arena_;
  std::shared_ptr<Execution> execution_;
  HostProducts<Execution, Activation> products_;  // after the arena that its scratch comes from
};

}  // namespace asterism::backend
