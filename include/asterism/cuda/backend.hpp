// A GPU as a logical device. Plain C++: the kernels are in kernels.cu, which the CMake target asterism::cuda adds.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "asterism/backend/arena.hpp"
#include "asterism/backend/checks.hpp"
#include "asterism/backend/groups.hpp"
#include "asterism/backend/kv_view.hpp"
#include "asterism/backend/low_rank.hpp"
#include "asterism/backend/operand.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/core/view.hpp"
#include "asterism/cuda/fwd.hpp"
#include "asterism/cuda/launchers.hpp"
#include "asterism/cuda/peers.hpp"
#include "asterism/cuda/queue.hpp"
#include "asterism/gating/concept.hpp"
#include "asterism/gating/softmax_top_k.hpp"
#include "asterism/linalg/rope.hpp"
#include "asterism/machine/machine.hpp"
#include "asterism/quant/float_storage.hpp"
#include "asterism/quant/one_of.hpp"

namespace asterism::cuda {

/// A logical device on GPU `device` modulo the number of GPUs: an arena in its memory, or for a host device in memory
/// of the host that GPUs reach, and its own stream. Several may share a GPU. Models backend::Backend, whose
/// operations BasicHost documents. Differences:
///
/// - Operations queue kernels and return; `download`, `read`, `upload`, `write` and `synchronize` wait. From
///   `embed` to the logits a pass without observers never waits, including transfers.
/// - Keys and values beyond their format's range throw NumericError at the next operation that waits. `group`
///   takes the experts chosen by `route` unchecked: no check waits for values.
/// - Weights in Float32, BFloat16, Float16, Nf4; keys and values in Float32, Float16, Int8; gating::SoftmaxTopK. A
///   Blueprint with anything else does not compile, and the message lists these.
///
/// Activations and sums are fp32, in one fixed order without atomics: a row's result has the same bits whatever
/// the other rows are. Rounding differs from BasicHost's. Not thread-safe.
class Backend {
 public:
  using ExecutionPolicy = Peers;
  /// Brings experts into its memory: include asterism/cuda/carrier.hpp for a Blueprint whose Cache is not cache::All.
  using Carrier = cuda::Carrier;

  /// On GPU `device` modulo the number of GPUs.
  Backend(std::int32_t device, Bytes budget, std::shared_ptr<Peers> peers)
      : Backend(device, budget, std::move(peers), DeviceKind::accelerator, device) {}
  /// `device` is the index by which messages and operands name it; devices that transfer to each other share
  /// `peers`. On GPU `gpu` modulo the number of GPUs: a machine's host devices count for none. Throws CudaError if
  /// there is no GPU.
  Backend(std::int32_t device, Bytes budget, std::shared_ptr<Peers> peers, DeviceKind kind, std::int32_t gpu)
      : queue_(gpu), arena_(device, budget, memory_of(queue_, kind)), peers_(std::move(peers)) {
    peers_->join(device, queue_);
  }
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;
  ~Backend() { peers_->leave(device()); }

  backend::Arena& arena() { return arena_; }
  const backend::Arena& arena() const { return arena_; }
  std::int32_t device() const { return arena_.device(); }
  /// Its work, for a carrier.
  Queue& queue() { return queue_; }

  backend::Buffer allocate(Bytes size, std::string_view holder) { return arena_.allocate(size, holder); }

  void synchronize() { queue_.wait(); }

  static constexpr Bytes scratch(std::size_t /*rows*/, std::size_t /*cols*/) { return {0}; }
  void reserve(std::size_t /*rows*/, std::size_t /*cols*/) {}

  /// Allocates host memory of the size of the weights until they are on the device.
  template <class Format, class F>
  void write(const backend::DeviceWeights<Format>& weights, F&& f) {
    if constexpr (quant::Tagged<Format>) {
      weights.visit([&](const auto& one) { write(one, f); });
    } else {
      checks().on_this_device("write", weights);
      const Bytes bytes = Format::planes(weights.rows, weights.cols).bytes();
      backend::Arena host(device(), Bytes{aligned(bytes.count)});
      const backend::Buffer staging = host.allocate(bytes, "staging");
      f(backend::weights_in<Format>(staging, 0, weights.rows, weights.cols));
      queue_.copy(staging.data(), bytes.count, weights.data, bytes.count, bytes.count, 1);
      queue_.wait();
    }
  }

  template <class T, class F>
  void write(const backend::DeviceMatrix<T>& matrix, F&& f) {
    checks().on_this_device("write", matrix);
    std::vector<T> staging(matrix.rows() * matrix.cols());
    const MatrixView<T> view(staging.data(), matrix.rows(), matrix.cols());
    f(backend::DeviceMatrix<T>{view, device()});
    copy(MatrixView<const T>(view), matrix.view);
    queue_.wait();
  }

  void upload(MatrixView<const float> from, backend::DeviceMatrix<float> to) {
    checks().upload(from, to);
    copy(from, to.view);
    queue_.wait();
  }

  void download(backend::DeviceMatrix<const float> from, MatrixView<float> to) {
    checks().download(from, to);
    copy(from.view, to);
    queue_.wait();
  }

  /// Copies to host memory owned by this object.
  template <class... T>
  std::tuple<MatrixView<const T>...> read(const backend::DeviceMatrix<T>&... matrices) {
    checks().on_this_device("read", matrices...);
    read_.resize((aligned(matrices.rows() * matrices.cols() * sizeof(T)) + ...));
    std::size_t at = 0;
    const std::tuple<MatrixView<const T>...> views{read_to(matrices, at)...};
    queue_.wait();
    return views;
  }

  backend::DeviceMatrix<float> copy_from(backend::DeviceMatrix<const float> from,
                                         backend::DeviceMatrix<float> to) {
    checks().copy_from(from, to);
    Queue& giver = peers_->at(from.device);
    queue_.after(giver);
    copy(from.view, to.view);
    giver.after(queue_);  // it may overwrite `from` afterwards
    return to;
  }

  template <quant::WeightFormat Format>
  void embed(backend::DeviceWeights<Format> table, View<const TokenId> ids, backend::DeviceMatrix<float> out) {
    checks().embed(table, ids, out);
    launch::embed(queue_, stored(table), ids, out.view);
  }

  void rms_norm(backend::DeviceMatrix<const float> x, backend::DeviceMatrix<const float> weight, float epsilon,
                backend::DeviceMatrix<float> y) {
    checks().rms_norm(x, weight, y);
    launch::rms_norm(queue_, x.view, weight.view.row(0), epsilon, y.view);
  }

  template <quant::WeightFormat Format>
  void product(backend::DeviceWeights<Format> weights, backend::DeviceMatrix<const float> x,
               backend::DeviceMatrix<float> y) {
    checks().product(weights, x, y);
    launch::product(queue_, stored(weights), x.view, y.view);
  }

  template <quant::WeightFormat Format>
  void products(View<const backend::Product<Format>> all, backend::DeviceMatrix<const float> x) {
    checks().products(all, x);
    for (const auto& one : all) product(one.weights, x, one.y);
  }

  template <quant::WeightFormat Format>
  void grouped_swiglu(const backend::Experts<Format>& experts, const backend::ExpertGroups& groups,
                      backend::DeviceMatrix<const float> x, backend::DeviceMatrix<float> gate,
                      backend::DeviceMatrix<float> up, backend::DeviceMatrix<float> y) {
    checks().grouped_swiglu(experts, groups, x, gate, up, y);
    grouped_product(experts.gate, groups, x, gate);
    grouped_product(experts.up, groups, x, up);
    silu_multiply(gate, up, gate);
    grouped_product(experts.down, groups, backend::DeviceMatrix<const float>(gate), y);
  }

  template <quant::WeightFormat Format>
  void grouped_product(View<const backend::DeviceWeights<Format>> weights, const backend::ExpertGroups& groups,
                       backend::DeviceMatrix<const float> x, backend::DeviceMatrix<float> y) {
    checks().grouped_product(weights, groups, x, y);
    for (std::size_t first = 0; first < weights.size; first += Experts::most) {
      Experts experts;
      experts.first = first;
      for (std::size_t e = first; e < weights.size && experts.count < Experts::most; ++e) {
        experts.data[experts.count++] = weights[e].data;
      }
      launch::grouped_product(queue_, stored(weights[first]), experts, groups, x.view, y.view);
    }
  }

  void add(backend::DeviceMatrix<const float> y, backend::DeviceMatrix<float> x) {
    checks().add(y, x);
    launch::add(queue_, y.view, x.view);
  }

  template <quant::PlainFloat Format>
  void add_low_rank(View<const backend::LowRankSum<Format>> all) {
    checks().add_low_rank(all);
    for (const backend::LowRankSum<Format>& one : all) {
      ScaledExperts b;
      b.experts.data[0] = one.b.columns.data;
      b.experts.count = 1;
      b.scale[0] = one.b.scale;
      launch::add_low_rank(queue_, stored(one.b.columns), b, nullptr, nullptr, {}, one.inner.view, one.y.view);
    }
  }

  template <quant::PlainFloat Format>
  void grouped_add_low_rank(View<const backend::LowRankColumns<Format>> b, const backend::ExpertGroups& groups,
                            backend::RowRange rows, backend::DeviceMatrix<const float> inner,
                            backend::DeviceMatrix<float> y) {
    checks().grouped_add_low_rank(b, groups, inner, y);
    const backend::DeviceWeights<Format> like{nullptr, inner.cols(), y.cols(), device()};
    for (std::size_t first = 0; first < b.size; first += Experts::most) {
      ScaledExperts some;
      some.experts.first = first;
      for (std::size_t e = first; e < b.size && some.experts.count < Experts::most; ++e) {
        some.experts.data[some.experts.count] = b[e].columns.data;
        some.scale[some.experts.count++] = b[e].scale;
      }
      launch::add_low_rank(queue_, stored(like), some, groups.offsets.data, groups.source_row.data, rows,
                           inner.view, y.view);
    }
  }

  void silu_multiply(backend::DeviceMatrix<const float> gate, backend::DeviceMatrix<const float> up,
                     backend::DeviceMatrix<float> out) {
    checks().silu_multiply(gate, up, out);
    launch::silu_multiply(queue_, gate.view, up.view, out.view);
  }

  void relu(backend::DeviceMatrix<const float> x, backend::DeviceMatrix<float> y) {
    checks().relu(x, y);
    launch::relu(queue_, x.view, y.view);
  }

  void rotary_tables(std::int32_t first, const linalg::Rope& rope, backend::DeviceMatrix<float> tables) {
    checks().rotary_tables(tables);
    launch::rotary_tables(queue_, first, rope, tables.view);
  }

  void sigmoid_multiply(backend::DeviceMatrix<const float> gate, backend::DeviceMatrix<float> x) {
    checks().sigmoid_multiply(gate, x);
    launch::sigmoid_multiply(queue_, gate.view, x.view);
  }

  void split(backend::DeviceMatrix<const float> x, std::size_t width, backend::DeviceMatrix<float> first,
             backend::DeviceMatrix<float> second) {
    checks().split(x, width, first, second);
    launch::split(queue_, x.view, width, first.view, second.view);
  }

  void rotate(backend::DeviceMatrix<const float> tables, std::size_t head_dim, backend::DeviceMatrix<float> x) {
    checks().rotate(tables, head_dim, x);
    launch::rotate(queue_, tables.view, head_dim, x.view);
  }

  template <class Format>
  void append_kv(backend::DeviceMatrix<const float> keys, backend::DeviceMatrix<const float> values,
                 std::size_t first, backend::KvView<Format> kv) {
    checks().append_kv(keys, values, first, kv);
    launch::append_kv(queue_, keys.view, values.view, first, stored(kv));
  }

  template <class Format>
  void attend(backend::DeviceMatrix<const float> queries, backend::KvView<Format> kv, std::size_t first,
              std::size_t window, backend::DeviceMatrix<float> out) {
    checks().attend(queries, kv, first, out);
    launch::attend(queue_, queries.view, stored(kv), first, window, out.view);
  }

  void route(const gating::SoftmaxTopK& gating, backend::DeviceMatrix<float> logits,
             backend::DeviceMatrix<gating::Route> routes) {
    checks().route(gating, logits, routes);
    launch::softmax_top_k(queue_, logits.view, routes.view, gating.normalised(), gating.temperature());
  }

  void group(backend::DeviceMatrix<const gating::Route> routes, const backend::ExpertGroups& groups) {
    checks().group(routes, groups);
    launch::group(queue_, routes.view, groups);
  }

  void gather(const backend::ExpertGroups& groups, backend::DeviceMatrix<const float> x,
              backend::DeviceMatrix<float> out) {
    checks().gather(groups, x, out);
    launch::gather(queue_, groups, x.view, out.view);
  }

  void combine(const backend::ExpertGroups& groups, backend::DeviceMatrix<const gating::Route> routes,
               backend::DeviceMatrix<const float> y, backend::DeviceMatrix<float> x) {
    checks().combine(groups, routes, y, x);
    launch::combine(queue_, groups, routes.view, y.view, x.view);
  }

  void causal_convolution(backend::DeviceMatrix<const float> x, backend::DeviceMatrix<const float> weights,
                          backend::DeviceMatrix<const float> before, backend::DeviceMatrix<float> after,
                          backend::DeviceMatrix<float> y) {
    checks().causal_convolution(x, weights, before, after, y);
    launch::causal_convolution(queue_, x.view, weights.view, before.view, after.view, y.view);
  }

  void delta_gates(const backend::DeltaHeads& heads, backend::DeviceMatrix<const float> ba,
                   backend::DeviceMatrix<const float> rate, backend::DeviceMatrix<const float> dt_bias,
                   backend::DeviceMatrix<float> decay, backend::DeviceMatrix<float> beta) {
    checks().delta_gates(heads, ba, rate, dt_bias, decay, beta);
    launch::delta_gates(queue_, heads, ba.view, rate.view.row(0), dt_bias.view.row(0), decay.view, beta.view);
  }

  void delta_rule(const backend::DeltaHeads& heads, backend::DeviceMatrix<const float> qkv,
                  backend::DeviceMatrix<const float> decay, backend::DeviceMatrix<const float> beta,
                  backend::DeviceMatrix<const float> before, backend::DeviceMatrix<float> after,
                  backend::DeviceMatrix<float> out) {
    checks().delta_rule(heads, qkv, decay, beta, before, after, out);
    launch::delta_rule(queue_, heads, qkv.view, decay.view, beta.view, before.view, after.view, out.view);
  }

  void gated_rms_norm(backend::DeviceMatrix<const float> x, backend::DeviceMatrix<const float> weight,
                      float epsilon, backend::DeviceMatrix<const float> z, backend::DeviceMatrix<float> y) {
    checks().gated_rms_norm(x, weight, z, y);
    launch::gated_rms_norm(queue_, x.view, weight.view.row(0), epsilon, z.view, y.view);
  }

 private:
  static backend::MemorySource memory_of(Queue& queue, DeviceKind kind) {
    if (kind == DeviceKind::host) {
      return {.allocate = [](void* context,
                             std::uint64_t bytes) { return static_cast<Queue*>(context)->allocate_host(bytes); },
              .release = [](void* context,
                            std::byte* data) noexcept { static_cast<Queue*>(context)->release_host(data); },
              .context = &queue};
    }
    return {
        .allocate = [](void* context,
                       std::uint64_t bytes) { return static_cast<Queue*>(context)->allocate(bytes); },
        .release = [](void* context, std::byte* data) noexcept { static_cast<Queue*>(context)->release(data); },
        .context = &queue};
  }

  backend::Checks checks() const { return {device()}; }

  template <class T>
  void copy(MatrixView<const T> from, MatrixView<T> to) {
    queue_.copy(from.data, from.stride * sizeof(T), to.data, to.stride * sizeof(T), from.cols * sizeof(T),
                from.rows);
  }

  /// Queues the copy of a matrix to place `at` of read_, and advances `at` past it.
  template <class T>
  MatrixView<const T> read_to(const backend::DeviceMatrix<T>& matrix, std::size_t& at) {
    using Element = std::remove_const_t<T>;
    const MatrixView<Element> to(reinterpret_cast<Element*>(read_.data() + at), matrix.rows(), matrix.cols());
    copy(MatrixView<const Element>(matrix.view), to);
    at += aligned(matrix.rows() * matrix.cols() * sizeof(T));
    return to;
  }

  Queue queue_;
  backend::Arena arena_;
  std::shared_ptr<Peers> peers_;
  std::vector<std::byte> read_;
};

}  // namespace asterism::cuda
