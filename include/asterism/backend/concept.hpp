// The contract of a backend: one logical device, its memory, and the operations of a decoder on it.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <tuple>

#include "asterism/backend/arena.hpp"
#include "asterism/backend/delta_heads.hpp"
#include "asterism/backend/groups.hpp"
#include "asterism/backend/kv_view.hpp"
#include "asterism/backend/low_rank.hpp"
#include "asterism/backend/operand.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/core/view.hpp"
#include "asterism/gating/concept.hpp"
#include "asterism/linalg/rope.hpp"
#include "asterism/quant/float32.hpp"

namespace asterism::backend {

namespace needs {

template <class B>
concept construct = std::constructible_from<typename B::ExecutionPolicy, std::size_t> &&
    std::constructible_from<B, std::int32_t, Bytes, std::shared_ptr<typename B::ExecutionPolicy>>;

template <class B>
concept arena = requires(B& device) {
  { device.arena() } -> std::same_as<Arena&>;
};

template <class B>
concept allocate = requires(B& device, Bytes size, std::string_view holder) {
  { device.allocate(size, holder) } -> std::same_as<Buffer>;
};

template <class B>
concept write = requires(B& device, DeviceWeights<quant::Float32> weights, DeviceMatrix<float> matrix,
                         void (*write_weights)(DeviceWeights<quant::Float32>),
                         void (*write)(DeviceMatrix<float>)) {
  device.write(weights, write_weights);
  device.write(matrix, write);
};

template <class B>
concept reserve = requires(B& device, std::size_t rows, std::size_t cols) {
  { B::scratch(rows, cols) } -> std::same_as<Bytes>;
  device.reserve(rows, cols);
};

template <class B>
concept upload = requires(B& device, MatrixView<const float> from, DeviceMatrix<float> to) {
  device.upload(from, to);
};

template <class B>
concept download = requires(B& device, DeviceMatrix<const float> from, MatrixView<float> to) {
  device.download(from, to);
};

template <class B>
concept read = requires(B& device, DeviceMatrix<float> logits, DeviceMatrix<const gating::Route> routes) {
  {
    device.read(logits, routes)
    } -> std::same_as<std::tuple<MatrixView<const float>, MatrixView<const gating::Route>>>;
};

template <class B>
concept copy_from = requires(B& device, DeviceMatrix<const float> from, DeviceMatrix<float> to) {
  { device.copy_from(from, to) } -> std::same_as<DeviceMatrix<float>>;
};

template <class B>
concept synchronize = requires(B& device) {
  device.synchronize();
};

template <class B>
concept rms_norm = requires(B& device, DeviceMatrix<const float> x, float epsilon, DeviceMatrix<float> y) {
  device.rms_norm(x, x, epsilon, y);
};

template <class B>
concept add = requires(B& device, DeviceMatrix<const float> x, DeviceMatrix<float> y) {
  device.add(x, y);
};

template <class B>
concept embed = requires(B& device, DeviceWeights<quant::Float32> table, View<const TokenId> ids,
                         DeviceMatrix<float> out) {
  device.embed(table, ids, out);
};

template <class B>
concept product = requires(B& device, DeviceWeights<quant::Float32> weights, DeviceMatrix<const float> x,
                           DeviceMatrix<float> y) {
  device.product(weights, x, y);
};

template <class B>
concept products = requires(B& device, View<const Product<quant::Float32>> all, DeviceMatrix<const float> x) {
  device.template products<quant::Float32>(all, x);
};

template <class B>
concept grouped_swiglu = requires(B& device, const Experts<quant::Float32>& experts, const ExpertGroups& groups,
                                  DeviceMatrix<const float> x, DeviceMatrix<float> y) {
  device.template grouped_swiglu<quant::Float32>(experts, groups, x, y, y, y);
};

template <class B>
concept grouped_product = requires(B& device, View<const DeviceWeights<quant::Float32>> weights,
                                   const ExpertGroups& groups, DeviceMatrix<const float> x,
                                   DeviceMatrix<float> y) {
  device.template grouped_product<quant::Float32>(weights, groups, x, y);
};

template <class B>
concept silu_multiply = requires(B& device, DeviceMatrix<const float> x, DeviceMatrix<float> y) {
  device.silu_multiply(x, x, y);
};

template <class B>
concept sigmoid_multiply = requires(B& device, DeviceMatrix<const float> gate, DeviceMatrix<float> x) {
  device.sigmoid_multiply(gate, x);
};

template <class B>
concept split = requires(B& device, DeviceMatrix<const float> x, std::size_t width, DeviceMatrix<float> y) {
  device.split(x, width, y, y);
};

template <class B>
concept rotary_tables = requires(B& device, std::int32_t first, const linalg::Rope& rope,
                                 DeviceMatrix<float> tables) {
  device.rotary_tables(first, rope, tables);
};

template <class B>
concept rotate = requires(B& device, DeviceMatrix<const float> tables, std::size_t head_dim,
                          DeviceMatrix<float> x) {
  device.rotate(tables, head_dim, x);
};

template <class B>
concept append_kv = requires(B& device, DeviceMatrix<const float> rows, std::size_t first,
                             KvView<quant::Float32> kv) {
  device.append_kv(rows, rows, first, kv);
};

template <class B>
concept attend = requires(B& device, DeviceMatrix<const float> queries, KvView<quant::Float32> kv, std::size_t n,
                          DeviceMatrix<float> out) {
  device.attend(queries, kv, n, n, out);
};

template <class B, class Gating>
concept route = requires(B& device, const Gating& gating, DeviceMatrix<float> logits,
                         DeviceMatrix<gating::Route> routes) {
  device.route(gating, logits, routes);
};

template <class B>
concept group = requires(B& device, DeviceMatrix<const gating::Route> routes, ExpertGroups groups) {
  device.group(routes, groups);
};

template <class B>
concept gather = requires(B& device, const ExpertGroups& groups, DeviceMatrix<const float> x,
                          DeviceMatrix<float> out) {
  device.gather(groups, x, out);
};

template <class B>
concept combine = requires(B& device, const ExpertGroups& groups, DeviceMatrix<const gating::Route> routes,
                           DeviceMatrix<const float> y, DeviceMatrix<float> x) {
  device.combine(groups, routes, y, x);
};

template <class B>
concept causal_convolution = requires(B& device, DeviceMatrix<const float> x, DeviceMatrix<float> y) {
  device.causal_convolution(x, x, x, y, y);
};

template <class B>
concept delta_gates = requires(B& device, const DeltaHeads& heads, DeviceMatrix<const float> x,
                               DeviceMatrix<float> y) {
  device.delta_gates(heads, x, x, x, y, y);
};

template <class B>
concept delta_rule = requires(B& device, const DeltaHeads& heads, DeviceMatrix<const float> x,
                              DeviceMatrix<float> y) {
  device.delta_rule(heads, x, x, x, x, y, y);
};

template <class B>
concept gated_rms_norm = requires(B& device, DeviceMatrix<const float> x, float epsilon, DeviceMatrix<float> y) {
  device.gated_rms_norm(x, x, epsilon, x, y);
};

template <class B>
concept add_low_rank = requires(B& device, View<const LowRankSum<quant::Float32>> all) {
  device.template add_low_rank<quant::Float32>(all);
};

template <class B>
concept grouped_add_low_rank = requires(B& device, View<const LowRankColumns<quant::Float32>> b,
                                        const ExpertGroups& groups, RowRange rows, DeviceMatrix<const float> inner,
                                        DeviceMatrix<float> y) {
  device.template grouped_add_low_rank<quant::Float32>(b, groups, rows, inner, y);
};

template <class B>
concept relu = requires(B& device, DeviceMatrix<const float> x, DeviceMatrix<float> y) {
  device.relu(x, y);
};

template <class B>
concept attention_mass = requires(B& device, DeviceMatrix<const float> queries, KvView<quant::Float32> kv,
                                  std::size_t first, DeviceMatrix<float> mass) {
  device.attention_mass(queries, kv, first, mass, mass, mass);
};

template <class B>
concept drop_least = requires(B& device, KvView<quant::Float32> kv, std::size_t n, DeviceMatrix<float> mass) {
  device.drop_least(kv, n, n, n, mass, mass);
};

}  // namespace needs

// Families of operations, for callers that need only some; later ones may become optional.

/// Construction from a number, a budget and worker threads; memory that moves in and out.
template <class B>
concept Memory =
    needs::construct<B> && needs::arena<B> && needs::allocate<B> && needs::reserve<B> && needs::write<B> &&
    needs::upload<B> && needs::download<B> && needs::read<B> && needs::copy_from<B> && needs::synchronize<B>;

/// Rows of activations and weight matrices.
template <class B>
concept Dense = needs::embed<B> && needs::rms_norm<B> && needs::product<B> && needs::products<B> &&
    needs::add<B> && needs::silu_multiply<B> && needs::sigmoid_multiply<B> && needs::split<B>;

/// Positions, keys and values.
template <class B>
concept AttentionOps = needs::rotary_tables<B> && needs::rotate<B> && needs::append_kv<B> && needs::attend<B>;

/// Rows to experts and back. What chooses the experts is asked apart: Routes. Grouped operations pass over the rows of
/// experts whose weights have null data, and leave their answers as they are: experts may be computed in several calls.
template <class B>
concept Dispatch = needs::group<B> && needs::gather<B> && needs::combine<B> && needs::grouped_product<B> &&
    needs::grouped_swiglu<B>;

/// The recurrent half of a hybrid model: Gated DeltaNet. Optional: no part of Backend, and asked of a backend by models
/// with such layers. For each result of a row nothing counts but its row and the state before it, so a prompt has the
/// same bits in any cut into passes, of which each reads the state in `before` and leaves it in `after`. The two may be
/// the same memory; they must not overlap otherwise.
///
/// Models: BasicHost, cuda::Backend.
template <class B>
concept RecurrentOps =
    needs::causal_convolution<B> && needs::delta_gates<B> && needs::delta_rule<B> && needs::gated_rms_norm<B>;

/// The second half of what an adapter adds to a product: y += scale B (A x), whose first half is a product. Optional:
/// asked of a backend by Blueprints with adapters. In fp32, column after column of B, whatever the format; a row's
/// result depends on no other row. The grouped one is for slots of rows in a range, and passes over experts without
/// data.
///
/// Models: BasicHost, cuda::Backend.
template <class B>
concept AdapterOps = needs::add_low_rank<B> && needs::grouped_add_low_rank<B>;

/// Activations beside SiLU. Optional: asked of a backend by experts that use them.
///
/// Models: BasicHost, cuda::Backend.
template <class B>
concept ActivationOps = needs::relu<B>;

/// The attention that stored positions draw, and dropping those that drew least. Optional: asked of a backend by
/// key/value caches that prune themselves, see attention::Prunes.
///
/// Models: BasicHost.
template <class B>
concept PruningOps = needs::attention_mass<B> && needs::drop_least<B>;

/// Devices whose memory is the host's, so that files can be read into it. `execution()`: the threads that its
/// operations run on. `write` may be called for different operands from several of them at once.
///
/// Models: BasicHost.
template <class B>
concept InHostMemory = requires(const B& device) {
  requires B::in_host_memory;
  device.execution().threads();
};

/// Devices into whose memory experts can be brought while a model runs: that of the host, or by a `Carrier` of
/// theirs, see residency::Carrier. Optional: asked of a backend by experts that take turns in memory.
///
/// Models: BasicHost, cuda::Backend.
template <class B>
concept TakesExperts = InHostMemory<B> || requires {
  typename B::Carrier;
};

/// A backend that can route by a gating policy: a gating is a function of the host, and a device may know only some.
template <class B, class Gating>
concept Routes = gating::Gating<Gating> && needs::route<B, Gating>;

/// A backend object is one logical device: an arena with a budget, and operations that run there.
///
/// 1. Constructed from (device, budget, execution): its number, its bytes, and a shared `ExecutionPolicy`, which
///    is constructed from a number of threads. `allocate(size, holder)` draws from `arena()`; weights are pieces
///    of a Region of that arena. `reserve(rows, cols)`, called before the first product, allocates the
///    `scratch(rows, cols)` bytes of temporary memory that products of that size use. `upload` and `download`
///    copy between host memory and the device. Only these and the next two give the host access to device memory:
/// 2. `write(weights, f)` calls f with the same weights, or matrix, in memory that the host may write, then stores
///    on the device what f wrote; f must write all of it. `read(matrices...)` returns a tuple of views that the
///    host may read, until an operation changes the matrices or until the next `read`. If device memory is host
///    memory, neither copies.
/// 3. `copy_from(from, to)` is the transfer: copies a matrix of any device to `to` on this one and returns it.
/// 4. Every operation throws WrongDevice unless all its operands are on this device, and InvalidArgument unless
///    their shapes agree; nothing is computed then. See Checks.
/// 5. Results equal the naive reference within the bound that the operation documents, and have the same bits for
///    any number of threads. Operations run in the order of the calls; `synchronize` returns when all have
///    finished. Invalid values (NumericError) are thrown by the operation, or, if it does not wait for its
///    results, by the next `synchronize`, `download` or `read`.
/// 6. Operations do not allocate. Weights may be in any format or in quant::OneOf several, keys and values in those of
///    KvFormat, unless the backend refuses to compile them; BasicHost documents shapes and bounds operation by
///    operation.
///
/// Models: BasicHost, cuda::Backend.
template <class B>
concept Backend = Memory<B> && Dense<B> && AttentionOps<B> && Dispatch<B>;

}  // namespace asterism::backend
