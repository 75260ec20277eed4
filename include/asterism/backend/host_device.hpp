// The CPU as a logical device: everything independent of execution and activation policies.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <tuple>

#include "asterism/backend/arena.hpp"
#include "asterism/backend/checks.hpp"
#include "asterism/backend/delta_heads.hpp"
#include "asterism/backend/groups.hpp"
#include "asterism/backend/host_attention_mass.hpp"
#include "asterism/backend/host_attention_tasks.hpp"
#include "asterism/backend/host_low_rank.hpp"
#include "asterism/backend/host_products.hpp"
#include "asterism/backend/kv_view.hpp"
#include "asterism/backend/low_rank.hpp"
#include "asterism/backend/operand.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/config.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/core/view.hpp"
#include "asterism/gating/concept.hpp"
#include "asterism/linalg/rope.hpp"
#include "asterism/parallel/execution_ref.hpp"
#include "asterism/quant/concept.hpp"
#include "asterism/quant/float_storage.hpp"
#include "asterism/quant/kernel_order.hpp"
#include "asterism/quant/one_of.hpp"

namespace asterism::backend {

/// An arena in the memory of this machine and the operations on it, on the threads of an execution policy. The
/// base of BasicHost, which adds products.
class HostDevice {
 public:
  static constexpr bool in_host_memory = true;

  HostDevice(const HostDevice&) = delete;
  HostDevice& operator=(const HostDevice&) = delete;

  Arena& arena() { return arena_; }
  const Arena& arena() const { return arena_; }
  std::int32_t device() const { return arena_.device(); }
  /// The threads that operations run on.
  const parallel::ExecutionRef& execution() const { return execution_; }

  Buffer allocate(Bytes size, std::string_view holder) { return arena_.allocate(size, holder); }

  void synchronize() {}

  /// Calls f(weights) with host-writable memory, where Format is OneOf several with weights in their own. f writes
  /// every byte of their planes, in the standard order; then they are permuted into kernel order. Allocates one tile.
  /// Thread-safe for different weights.
  template <class Format, class F>
  void write(const DeviceWeights<Format>& weights, F&& f) {
    if constexpr (quant::Tagged<Format>) {
      weights.visit([&](const auto& one) { write(one, f); });
    } else {
      checks().on_this_device("write", weights);
      f(weights);
      quant::to_kernel_order<Format>(weights.data, weights.rows, weights.cols);
    }
  }

  /// Calls f(matrix) with host-writable memory.
  template <class T, class F>
  void write(const DeviceMatrix<T>& matrix, F&& f) {
    checks().on_this_device("write", matrix);
    f(matrix);
  }

  /// Copies host memory to this device; equal shapes.
  void upload(MatrixView<const float> from, DeviceMatrix<float> to);

  /// Copies from this device to host memory; equal shapes.
  void download(DeviceMatrix<const float> from, MatrixView<float> to);

  /// Views of the matrices for the host to read, as a tuple, valid until an operation changes them or the next
  /// `read`.
  template <class... T>
  std::tuple<MatrixView<const T>...> read(const DeviceMatrix<T>&... matrices) {
    checks().on_this_device("read", matrices...);
    return {matrices.view...};
  }

  /// The transfer: `from` is on any device, `to` on this one; equal shapes. Returns `to`.
  DeviceMatrix<float> copy_from(DeviceMatrix<const float> from, DeviceMatrix<float> to);

  /// out(i, :) = row ids[i] of table (vocabulary, hidden). Throws InvalidArgument if an id is out of range.
  template <quant::WeightFormat Format>
  void embed(DeviceWeights<Format> table, View<const TokenId> ids, DeviceMatrix<float> out) {
    checks().embed(table, ids, out);
    if constexpr (quant::Tagged<Format>) {
      table.visit([&](const auto& one) { embed(one, ids, out); });
    } else {
      execution_.for_each_task(ids.size, [&](std::size_t i) {
        quant::decode(table.kernel_matrix(), static_cast<std::uint64_t>(ids[i]) * out.cols(), out.view.row(i));
      });
    }
  }

  /// y(i, :) = RMSNorm(x(i, :)) with weight (1, cols).
  void rms_norm(DeviceMatrix<const float> x, DeviceMatrix<const float> weight, float epsilon,
                DeviceMatrix<float> y);

  /// x += y, equal shapes; a y of one row, such as a bias, is added to every row of x.
  void add(DeviceMatrix<const float> y, DeviceMatrix<float> x);

  /// y += scale B inner, several at once, whose y do not overlap. See AdapterOps.
  template <quant::PlainFloat Format>
  void add_low_rank(View<const LowRankSum<Format>> all) {
    checks().add_low_rank(all);
    backend::add_low_rank(execution_, all);
  }

  /// The same for the slots of every expert that are copies of `rows`: b (experts), inner (slots, rank), y (slots,
  /// outputs).
  template <quant::PlainFloat Format>
  void grouped_add_low_rank(View<const LowRankColumns<Format>> b, const ExpertGroups& groups, RowRange rows,
                            DeviceMatrix<const float> inner, DeviceMatrix<float> y) {
    checks().grouped_add_low_rank(b, groups, inner, y);
    const auto columns_of = [&](std::size_t e) { return UntypedColumns::of(b[e]); };
    backend::grouped_add_low_rank(execution_, columns_of, groups, rows, inner.view, y.view);
  }

  /// out = silu(gate) * up, equal shapes.
  void silu_multiply(DeviceMatrix<const float> gate, DeviceMatrix<const float> up, DeviceMatrix<float> out);

  /// y = max(x, 0), equal shapes; y may be x. NaN stays NaN.
  void relu(DeviceMatrix<const float> x, DeviceMatrix<float> y);

  /// x *= sigmoid(gate), equal shapes; a gate of one column decides for whole rows of x.
  void sigmoid_multiply(DeviceMatrix<const float> gate, DeviceMatrix<float> x);

  /// Each row of x (n, 2 * cols) is pairs of blocks of `width`; those at even places go to `first`, the others to
  /// `second`, both (n, cols).
  void split(DeviceMatrix<const float> x, std::size_t width, DeviceMatrix<float> first,
             DeviceMatrix<float> second);

  /// tables(i, :) = cosines and sines of position first + i; tables (n, width), width even.
  void rotary_tables(std::int32_t first, const linalg::Rope& rope, DeviceMatrix<float> tables);

  /// Rotates the first `width` elements of every head of x (n, heads * head_dim) by its row of tables (n, width), in
  /// place; the others stay. width <= head_dim.
  void rotate(DeviceMatrix<const float> tables, std::size_t head_dim, DeviceMatrix<float> x);

  /// Stores keys and values (n, kv_heads * head_dim) at positions first ... first + n - 1 of kv, which must hold
  /// them. Throws NumericError if a value is beyond the format's range.
  template <class Format>
  void append_kv(DeviceMatrix<const float> keys, DeviceMatrix<const float> values, std::size_t first,
                 KvView<Format> kv) {
    checks().append_kv(keys, values, first, kv);
    execution_.for_each_task(keys.rows(), [&](std::size_t i) {
      for (std::size_t head = 0; head < kv.kv_heads; ++head) {
        const std::size_t to = kv.offset(head, first + i);
        KvFormat<Format>::store(keys.view.row(i).subview(head * kv.head_dim, kv.head_dim), kv.keys + to);
        KvFormat<Format>::store(values.view.row(i).subview(head * kv.head_dim, kv.head_dim), kv.values + to);
      }
    });
  }

  /// Causal attention: query row i (n, heads * head_dim) is at position first + i and attends to the positions
  /// given by `visible`, at most the last `window` if window > 0. The rows are the last n that were appended. out
  /// (n, heads * head_dim); head_dim at most `widest_head`.
  template <class Format>
  void attend(DeviceMatrix<const float> queries, KvView<Format> kv, std::size_t first, std::size_t window,
              DeviceMatrix<float> out) {
    checks().attend(queries, kv, first, out);
    attention_.attend(queries.view, kv, first, window, out.view);
  }

  /// after = before + the attention drawn: for each key/value head and slot the softmax probabilities of all query
  /// rows and of the query heads that share the head, added row after row, so that no cut into calls changes a bit. As
  /// in `attend`, query row i (n, heads * head_dim) is at position first + i of kv, which has no window. scratch,
  /// before and after (kv_heads, slots), scratch not the others; after may be before. fp32; a probability has a
  /// relative error below 1e-4 while scores stay below 100. Reads the keys once a query head: as long as that half of
  /// attention, without sharing keys among rows. One task a key/value head.
  template <class Format>
  void attention_mass(DeviceMatrix<const float> queries, KvView<Format> kv, std::size_t first,
                      DeviceMatrix<float> scratch, DeviceMatrix<const float> before, DeviceMatrix<float> after) {
    checks().attention_mass(queries, kv, first, scratch, before, after);
    const std::size_t group_width = queries.cols() / kv.kv_heads;
    execution_.for_each_task(kv.kv_heads, [&](std::size_t head) {
      const View<float> mass = after.view.row(head);
      if (after.view.data != before.view.data)
        std::memcpy(mass.data, before.view.row(head).data, mass.size * sizeof(float));
      const MatrixView of_head(queries.view.row(0).data + head * group_width, queries.rows(), group_width,
                               queries.view.stride);
      add_attention_mass<Format>(of_head, kv, head, first, scratch.view.row(head), mass);
    });
  }

  /// Of the slots [begin, end) of each key/value head the `count` whose mass is least go, of equals the earlier ones:
  /// what lies behind moves up, keys, values and mass, and keeps its order. The last `count` slots are free then, their
  /// mass 0. scratch and mass (kv_heads, slots), not the same; no mass is negative. NaN counts as most.
  template <class Format>
  void drop_least(KvView<Format> kv, std::size_t begin, std::size_t end, std::size_t count,
                  DeviceMatrix<float> scratch, DeviceMatrix<float> mass) {
    checks().drop_least(kv, begin, end, count, scratch, mass);
    execution_.for_each_task(kv.kv_heads, [&](std::size_t head) {
      const std::size_t block = kv.offset(head, 0);
      const StoredBlocks blocks{kv.keys + block, kv.values + block, kv.row_bytes(kv.head_dim)};
      drop_least_rows(blocks, begin, end, count, scratch.view.row(head), mass.view.row(head));
    });
  }

  /// routes(i, :) = the gating's choice for logits(i, :), which are overwritten with the router's probabilities.
  /// logits (n, experts), routes (n, top_k).
  template <gating::Gating Gating>
  void route(const Gating& gating, DeviceMatrix<float> logits, DeviceMatrix<gating::Route> routes) {
    checks().route(gating, logits, routes);
    for (std::size_t i = 0; i < logits.rows(); ++i) gating.route(logits.view.row(i), routes.view.row(i));
  }

  /// Sorts the rows by expert; see ExpertGroups. routes (n, top_k); groups for n * top_k slots. Throws
  /// InvalidArgument if a route's expert exceeds those of the groups.
  void group(DeviceMatrix<const gating::Route> routes, const ExpertGroups& groups);

  /// out(s, :) = x(rows[s], :) for every slot s. x (n, cols), out (slots, cols).
  void gather(const ExpertGroups& groups, DeviceMatrix<const float> x, DeviceMatrix<float> out);

  /// x(i, :) += sum over its choices j, in order of expert, of weight(i, j) * y(slot(i, j), :). y (slots, cols).
  void combine(const ExpertGroups& groups, DeviceMatrix<const gating::Route> routes, DeviceMatrix<const float> y,
               DeviceMatrix<float> x);

  // Gated DeltaNet, see RecurrentOps. The state of a sequence is two matrices: the last rows before a convolution, and
  // S for each value head. A pass reads `before` and writes `after`: other memory, or the same.

  /// y_t = silu(sum over j of weights(:, j) * u_{t + j}) for each channel, u being the rows [before; x]: the last tap
  /// meets row t of x. after = the last rows of u. x and y (n, channels), y not x; weights (channels, kernel), kernel
  /// 1 to most_kernel_width; before and after (kernel - 1, channels). A sum in fp32, j ascending, then silu with a
  /// relative error below 2^-20.
  void causal_convolution(DeviceMatrix<const float> x, DeviceMatrix<const float> weights,
                          DeviceMatrix<const float> before, DeviceMatrix<float> after, DeviceMatrix<float> y);

  /// decay = exp(rate * softplus(a + dt_bias)) and beta = sigmoid(b) for each value head. ba (n, 2 * value_heads): for
  /// each key head b of its value heads, then a of its value heads; rate = -exp(A_log) and dt_bias (1, value_heads);
  /// decay and beta (n, value_heads). The relative error is below 1e-5 if the exponent is above -16.
  void delta_gates(const DeltaHeads& heads, DeviceMatrix<const float> ba, DeviceMatrix<const float> rate,
                   DeviceMatrix<const float> dt_bias, DeviceMatrix<float> decay, DeviceMatrix<float> beta);

  /// The gated delta rule, for each value head, row after row, from S = before to S = after:
  /// S <- decay S; d = beta (v - S^T k); S <- S + k d^T; out = S^T q. qkv (n, 2 * key_heads * key_width + value_heads *
  /// value_width): all queries, all keys, all values; each q and k counts as divided by sqrt(sum of its squares +
  /// 1e-6), q by sqrt(key_width) too. decay (0 to 1) and beta (n, value_heads); before and after (value_heads *
  /// key_width, value_width), head after head; out (n, value_heads * value_width). Sums in fp32: errors stay within
  /// 1e-5 of the largest values.
  void delta_rule(const DeltaHeads& heads, DeviceMatrix<const float> qkv, DeviceMatrix<const float> decay,
                  DeviceMatrix<const float> beta, DeviceMatrix<const float> before, DeviceMatrix<float> after,
                  DeviceMatrix<float> out);

  /// y = RMSNorm(x) * silu(z) for each head: x, z and y (n, heads * width), weight (1, width); y may be x.
  void gated_rms_norm(DeviceMatrix<const float> x, DeviceMatrix<const float> weight, float epsilon,
                      DeviceMatrix<const float> z, DeviceMatrix<float> y);

 protected:
  HostDevice(std::int32_t device, Bytes budget, parallel::ExecutionRef execution);
  ~HostDevice() = default;

  Checks checks() const { return {device()}; }
  HostProducts& host_products() { return products_; }

 private:
  Arena arena_;
  parallel::ExecutionRef execution_;
  HostAttention attention_;
  HostProducts products_;  // destroyed before the arena of its scratch
};

}  // namespace asterism::backend

#if !defined(ASTERISM_COMPILED)
#include "asterism/backend/host_device_impl.hpp"
#endif
