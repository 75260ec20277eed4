// The adapters of a pass: what each adds to the products of its sequences' rows.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "asterism/backend/groups.hpp"
#include "asterism/backend/layout.hpp"
#include "asterism/backend/low_rank.hpp"
#include "asterism/backend/operand.hpp"
#include "asterism/core/view.hpp"
#include "asterism/expert/adapters.hpp"
#include "asterism/model/adapter_slot.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism::model {

/// Memory of adapters on their way through a pass: A x, for three matrices at a time.
template <class A>
struct AdapterScratch {
  static constexpr std::size_t matrices = 3;

  backend::DeviceMatrix<float> inner[matrices]{};  ///< (rows, rank); the first (rows * top_k, rank) for experts

  static constexpr AdapterScratch lay_out(backend::Layout& cursor, const Shape& shape, std::size_t rows) {
    const auto rank = static_cast<std::size_t>(A::rank);
    const std::size_t each = A::targets.experts && shape.top_k > 1 ? static_cast<std::size_t>(shape.top_k) : 1;
    return {{cursor.matrix<float>(rows * each, rank), cursor.matrix<float>(rows, rank),
             cursor.matrix<float>(rows, rank)}};
  }
};

template <>
struct AdapterScratch<expert::NoAdapters> {
  static constexpr AdapterScratch lay_out(backend::Layout& /*cursor*/, const Shape& /*shape*/, std::size_t /*rows*/) {
    return {};
  }
};

/// The matrices of one grouped operation: those of experts that are nowhere have none.
template <class A>
struct AdapterLists {
  std::vector<backend::DeviceWeights<typename A::Format>> a;
  std::vector<backend::LowRankColumns<typename A::Format>> b;

  explicit AdapterLists(const Shape& shape)
      : a(static_cast<std::size_t>(shape.experts)), b(static_cast<std::size_t>(shape.experts)) {}
};

template <>
struct AdapterLists<expert::NoAdapters> {
  explicit AdapterLists(const Shape& /*shape*/) {}
};

/// What attention::GroupedQuery and the experts of a layer call after each product. Neighbouring rows of one adapter
/// are computed together; a row's result does not depend on that. Where no sequence of the pass has an adapter nothing
/// is computed.
template <class A, class Segments>
struct PassAdapters {
  using Slot = AdapterSlot<A>;
  using Pair = typename A::Pair;

  const Segments& segments;
  const AdapterScratch<A>& scratch;
  AdapterLists<A>* lists = nullptr;

  bool any() const {
    return std::any_of(segments.begin(), segments.end(), [](const auto& one) { return one.adapter != nullptr; });
  }

  /// Query, key and value, of attention layer `number`, of x (n, hidden).
  template <class Device>
  void add_to_projections(Device& device, std::int32_t number, backend::DeviceMatrix<const float> x,
                          backend::DeviceMatrix<float> query, backend::DeviceMatrix<float> key,
                          backend::DeviceMatrix<float> value) const {
    if constexpr (!A::targets.attention()) return;
    for_each_run([&](const Slot& slot, backend::RowRange rows) {
      const auto& layer = slot.attention(number);
      const Pair* const pairs[] = {&layer.query, &layer.key, &layer.value};
      const backend::DeviceMatrix<float> outputs[] = {query, key, value};
      add(device, pairs, outputs, AdapterScratch<A>::matrices, rows, x);
    });
  }
  /// The output's product of mixed (n, query width).
  template <class Device>
  void add_to_output(Device& device, std::int32_t number, backend::DeviceMatrix<const float> mixed,
                     backend::DeviceMatrix<float> out) const {
    if constexpr (!A::targets.output) return;
    for_each_run([&](const Slot& slot, backend::RowRange rows) {
      const Pair* const pair = &slot.attention(number).output;
      add(device, &pair, &out, 1, rows, mixed);
    });
  }

  /// The same for the products of the experts of one layer; `matrices` tells which of them are being computed.
  struct OfExperts {
    const PassAdapters& pass;
    std::int32_t number = 0;  ///< of the layer, among those with experts

    bool any() const { return A::targets.experts && pass.any(); }
    template <class Device, class Weights>
    void add_to_gate(Device& device, const std::vector<Weights>& matrices, const backend::ExpertGroups& groups,
                     backend::DeviceMatrix<const float> x, backend::DeviceMatrix<float> y) const {
      pass.add_grouped(device, number, &A::Experts::gate, matrices, groups, x, y);
    }
    template <class Device, class Weights>
    void add_to_up(Device& device, const std::vector<Weights>& matrices, const backend::ExpertGroups& groups,
                   backend::DeviceMatrix<const float> x, backend::DeviceMatrix<float> y) const {
      pass.add_grouped(device, number, &A::Experts::up, matrices, groups, x, y);
    }
    template <class Device, class Weights>
    void add_to_down(Device& device, const std::vector<Weights>& matrices, const backend::ExpertGroups& groups,
                     backend::DeviceMatrix<const float> x, backend::DeviceMatrix<float> y) const {
      pass.add_grouped(device, number, &A::Experts::down, matrices, groups, x, y);
    }
  };
  OfExperts of_experts(std::int32_t number) const { return {*this, number}; }

 private:
  /// f(slot, rows) for each run of rows that one adapter has.
  template <class F>
  void for_each_run(F&& f) const {
    backend::RowRange run;
    const Slot* slot = nullptr;
    for (const auto& segment : segments) {
      if (segment.adapter != slot) {
        if (slot != nullptr) f(*slot, run);
        run = {run.first + run.count, 0};
        slot = segment.adapter;
      }
      run.count += segment.rows;
    }
    if (slot != nullptr) f(*slot, run);
  }

  /// outputs[i] += what pairs[i] says of x, for all that are not empty.
  template <class Device>
  void add(Device& device, const Pair* const* pairs, const backend::DeviceMatrix<float>* outputs, std::size_t count,
           backend::RowRange rows, backend::DeviceMatrix<const float> x) const {
    using Format = typename A::Format;
    backend::Product<Format> narrow[AdapterScratch<A>::matrices];
    backend::LowRankSum<Format> sums[AdapterScratch<A>::matrices];
    std::size_t used = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (pairs[i]->a.rows == 0) continue;
      const auto inner = scratch.inner[i].rows_at(0, rows.count);
      narrow[used] = {pairs[i]->a, inner};
      sums[used++] = {pairs[i]->b, inner, outputs[i].rows_at(rows.first, rows.count)};
    }
    if (used == 0) return;
    device.template products<Format>(View<const backend::Product<Format>>(narrow, used),
                                     x.rows_at(rows.first, rows.count));
    device.template add_low_rank<Format>(View<const backend::LowRankSum<Format>>(sums, used));
  }

  template <class Device, class Weights>
  void add_grouped(Device& device, std::int32_t number, typename A::OfExperts A::Experts::*which,
                   const std::vector<Weights>& matrices, const backend::ExpertGroups& groups,
                   backend::DeviceMatrix<const float> x, backend::DeviceMatrix<float> y) const {
    using Format = typename A::Format;
    const auto inner = scratch.inner[0].rows_at(0, x.rows());
    for_each_run([&](const Slot& slot, backend::RowRange rows) {
      const typename A::OfExperts& pairs = slot.experts(number).*which;
      for (std::size_t e = 0; e < matrices.size(); ++e) {
        lists->a[e] = pairs.a[e];
        lists->b[e] = pairs.b[e];
        if (matrices[e].data == nullptr) lists->a[e].data = lists->b[e].columns.data = nullptr;
      }
      device.template grouped_product<Format>(lists->a, groups, x, inner);
      device.template grouped_add_low_rank<Format>(lists->b, groups, rows, inner, y);
    });
  }
};

}  // namespace asterism::model
