// The laws of backend::AdapterOps, the optional family of a backend for adapters:
//
//   TEST_CASE("my backend obeys the adapters' laws") { laws::adapters<MyBackend>(); }
//
// Needs doctest. Like backend_laws.hpp it asks with small sizes; the tests of each backend try more of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "asterism/backend/concept.hpp"
#include "asterism/backend/groups.hpp"
#include "asterism/backend/low_rank.hpp"
#include "asterism/core/error.hpp"
#include "asterism/quant/float32.hpp"

#include "laws/backend_laws.hpp"
#include "laws/law.hpp"

namespace asterism::laws {

namespace detail {

/// y + scale B inner, B as its columns (rank, outputs).
inline std::vector<double> with_low_rank(const std::vector<float>& y, const std::vector<float>& columns, float scale,
                                         const std::vector<float>& inner) {
  std::vector<double> out(y.begin(), y.end());
  for (std::size_t r = 0; r < inner.size(); ++r) {
    for (std::size_t c = 0; c < y.size(); ++c) {
      out[c] += double{scale} * double{inner[r]} * double{columns[r * y.size() + c]};
    }
  }
  return out;
}

}  // namespace detail

/// Rows of a product, all with one adapter; a row's bits depend on no other.
template <backend::Backend B>
void an_adapter_is_the_naive_loop() {
  using Sum = backend::LowRankSum<quant::Float32>;
  Laboratory<B> lab;
  const auto columns = lab.normal(3, 13);
  const backend::LowRankColumns<quant::Float32> b{lab.weights(columns), 1.5F};
  const auto inner = lab.normal(5, 3);
  const auto y = lab.normal(5, 13);
  const auto alone = lab.known(1, 13, y.row(3));
  const auto other_columns = lab.normal(2, 20);
  const auto other_inner = lab.normal(5, 2);
  const auto other = lab.normal(5, 20);
  const Sum both[] = {{b, inner.on_device, y.on_device},
                      {{lab.weights(other_columns), -2.0F}, other_inner.on_device, other.on_device}};
  const std::uint64_t before = lab.device.arena().allocations();
  lab.device.template add_low_rank<quant::Float32>(View<const Sum>(both, 2));
  for (std::size_t i = 0; i < 5; ++i) {
    lab.check_row("add_low_rank", y.on_device, i,
                  detail::with_low_rank(y.row(i), columns.values, 1.5F, inner.row(i)));
    lab.check_row("add_low_rank, the second sum", other.on_device, i,
                  detail::with_low_rank(other.row(i), other_columns.values, -2.0F, other_inner.row(i)));
  }
  const auto add = [&](const Sum& one) { lab.device.template add_low_rank<quant::Float32>(View<const Sum>(&one, 1)); };
  add({b, inner.on_device.rows_at(3, 1), alone.on_device});
  const Law law("a row's result depends on no other row", model_name<B>());
  law.same_bits(lab.read(alone.on_device), lab.read(y.on_device.rows_at(3, 1)), "add_low_rank of row 3 of 5");
  lab.check_allocations(before);

  const backend::DeviceMatrix<float> there{y.on_device.view, 1};
  Law("operands on another device are refused", model_name<B>())
      .template throws<WrongDevice>(
          [&] {
            add({b, inner.on_device, there});
          },
          "add_low_rank");
  Law("shapes that do not agree are refused", model_name<B>())
      .template throws<InvalidArgument>(
          [&] {
            add({b, inner.on_device.rows_at(0, 4), y.on_device});
          },
          "add_low_rank");
}

/// Slots of experts: those of rows in a range alone, and of experts that have data.
template <backend::Backend B>
void adapters_of_experts_are_the_naive_loop() {
  Laboratory<B> lab;
  const std::vector<std::int32_t> offsets{0, 3, 3, 5, 6};  // of four experts, the second without slots
  const std::vector<std::int32_t> sources{0, 1, 3, 0, 2, 1};
  const auto known_offsets = lab.known(1, 5, offsets);
  const auto known_sources = lab.known(1, 6, sources);
  const auto slots = lab.known(1, 6, std::vector<std::int32_t>(6));
  const backend::ExpertGroups groups{.offsets = known_offsets.on_device.view.row(0),
                                     .source_row = known_sources.on_device.view.row(0),
                                     .slot_of_choice = slots.on_device.view.row(0),
                                     .device = 0};
  std::vector<std::vector<float>> columns;
  std::vector<backend::LowRankColumns<quant::Float32>> b;
  for (std::size_t e = 0; e < 4; ++e) {
    const auto one = lab.normal(2, 9);
    columns.push_back(one.values);
    b.push_back({lab.weights(one), 0.5F + static_cast<float>(e)});
  }
  b[3].columns.data = nullptr;  // nowhere now
  const auto inner = lab.normal(6, 2);
  const auto y = lab.normal(6, 9);
  const std::uint64_t before = lab.device.arena().allocations();
  const backend::RowRange rows{1, 2};
  lab.device.template grouped_add_low_rank<quant::Float32>(b, groups, rows, inner.on_device, y.on_device);
  const std::int32_t expert_of[] = {0, 0, 0, 2, 2, 3};
  for (std::size_t slot = 0; slot < 6; ++slot) {
    const auto e = static_cast<std::size_t>(expert_of[slot]);
    const std::vector<float> as_it_was = y.row(slot);
    const bool changes = (sources[slot] == 1 || sources[slot] == 2) && e != 3;
    lab.check_row("grouped_add_low_rank", y.on_device, slot,
                  changes ? detail::with_low_rank(as_it_was, columns[e], b[e].scale, inner.row(slot))
                          : std::vector<double>(as_it_was.begin(), as_it_was.end()));
  }
  lab.check_allocations(before);
}

/// All laws of the family.
template <backend::Backend B>
  requires backend::AdapterOps<B>
void adapters() {
  an_adapter_is_the_naive_loop<B>();
  adapters_of_experts_are_the_naive_loop<B>();
}

}  // namespace asterism::laws
