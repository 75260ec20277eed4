// The laws of backend::PruningOps, the optional family of a backend for key/value caches that prune themselves:
//
//   TEST_CASE("my backend obeys the pruning laws") { laws::pruning<MyBackend>(); }
//
// Needs doctest. Like backend_laws.hpp it asks with small sizes; the tests of each backend try more of them.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "asterism/backend/concept.hpp"
#include "asterism/core/error.hpp"

#include "laws/backend_laws.hpp"
#include "laws/law.hpp"

namespace asterism::laws {

/// Keys in a cache on a device, and queries behind them: 4 query heads on 2 key/value heads.
template <backend::Backend B>
struct PrunedLayer {
  static constexpr std::size_t slots = 19, rows = 6, first = slots - rows, kv_heads = 2, heads = 4, dim = 6;
  using Known = typename Laboratory<B>::template Known<float>;

  Laboratory<B>& lab;
  Known keys = lab.normal(slots, kv_heads* dim);
  Known values = lab.normal(slots, kv_heads* dim);
  Known queries = lab.normal(rows, heads* dim, 2.0F);
  Known scratch = lab.normal(kv_heads, slots);
  backend::KvView<quant::Float32> kv = stored();

  backend::KvView<quant::Float32> stored() {
    const auto blocks = lab.normal(2 * kv_heads * slots, dim);
    auto* data = reinterpret_cast<std::byte*>(blocks.on_device.view.data);
    const backend::KvView<quant::Float32> out{.keys = data,
                                              .values = data + kv_heads * slots * dim * sizeof(float),
                                              .kv_heads = kv_heads,
                                              .slots = slots,
                                              .head_dim = dim,
                                              .device = blocks.on_device.device};
    lab.device.append_kv(keys.on_device, values.on_device, 0, out);
    return out;
  }

  /// The mass of all rows, in pieces, on top of `before`.
  std::vector<float> mass(const Known& before, std::size_t piece) {
    const Known sums[2] = {lab.normal(kv_heads, slots), lab.normal(kv_heads, slots)};
    const Known* from = &before;
    std::size_t number = 0;
    for (std::size_t row = 0; row < rows; row += piece, number = 1 - number) {
      const std::size_t count = std::min(piece, rows - row);
      lab.device.attention_mass(queries.on_device.rows_at(row, count), kv, first + row, scratch.on_device,
                                from->on_device, sums[number].on_device);
      from = &sums[number];
    }
    lab.device.synchronize();
    return lab.read(from->on_device);
  }

  /// The same in double.
  std::vector<double> naive_mass(const Known& before) const {
    std::vector<double> out(before.values.begin(), before.values.end());
    for (std::size_t row = 0; row < rows; ++row) {
      for (std::size_t head = 0; head < heads; ++head) {
        const std::size_t of = head / (heads / kv_heads);
        std::vector<double> weights(first + row + 1);
        double total = 0;
        for (std::size_t slot = 0; slot < weights.size(); ++slot) {
          double score = 0;
          for (std::size_t i = 0; i < dim; ++i) {
            score += double{queries.row(row)[head * dim + i]} * keys.row(slot)[of * dim + i];
          }
          total += weights[slot] = std::exp(score / std::sqrt(static_cast<double>(dim)));
        }
        for (std::size_t slot = 0; slot < weights.size(); ++slot) out[of * slots + slot] += weights[slot] / total;
      }
    }
    return out;
  }
};

/// The mass is that of the naive loops, added to what was before.
template <backend::Backend B>
  requires backend::PruningOps<B>
void attention_mass_is_the_naive_loop() {
  const Law law("attention_mass adds the softmax probabilities of all rows and query heads", model_name<B>());
  Laboratory<B> lab;
  PrunedLayer<B> layer{lab};
  const auto before = lab.normal(layer.kv_heads, layer.slots);
  const std::uint64_t allocations = lab.device.arena().allocations();
  const auto after = lab.normal(layer.kv_heads, layer.slots);
  const std::uint64_t drawn = lab.device.arena().allocations() - allocations;
  lab.device.attention_mass(layer.queries.on_device, layer.kv, layer.first, layer.scratch.on_device,
                            before.on_device, after.on_device);
  lab.device.synchronize();
  lab.check_allocations(allocations + drawn);
  const std::vector<float> found = lab.read(after.on_device);
  const std::vector<double> expected = layer.naive_mass(before);
  for (std::size_t i = 0; i < found.size(); ++i) {
    law.holds(std::fabs(found[i] - expected[i]) <= 1e-5, "slot ", i % layer.slots, " of head ", i / layer.slots,
              " has ", found[i], ", expected ", expected[i]);
  }
}

/// Calls may be cut anywhere.
template <backend::Backend B>
  requires backend::PruningOps<B>
void mass_has_the_same_bits_in_any_cut() {
  const Law law("attention_mass has the same bits in any cut into calls", model_name<B>());
  Laboratory<B> lab;
  PrunedLayer<B> layer{lab};
  const auto before = lab.normal(layer.kv_heads, layer.slots);
  const std::vector<float> expected = layer.mass(before, layer.rows);
  for (const std::size_t piece : {1U, 2U, 4U, 5U}) {
    law.same_bits(layer.mass(before, piece), expected, layer.rows, " rows in pieces of ", piece);
  }
}

/// Of each head the slots with the least mass go, of equals the earlier ones; the others move up in their order.
template <backend::Backend B>
  requires backend::PruningOps<B>
void the_least_are_dropped() {
  const Law law("drop_least drops the slots with the least mass, of equals the earlier ones", model_name<B>());
  for (const std::size_t count : {0U, 1U, 3U, 7U, 12U}) {
    Laboratory<B> lab;
    PrunedLayer<B> layer{lab};
    constexpr std::size_t begin = 2, end = 14, slots = PrunedLayer<B>::slots, dim = PrunedLayer<B>::dim;
    std::vector<float> masses;
    for (std::size_t i = 0; i < 2 * slots; ++i) masses.push_back(static_cast<float>(i * 7 % 5 + i / 20) * 0.5F);
    const auto mass = lab.known(2, slots, masses);
    lab.device.drop_least(layer.kv, begin, end, count, layer.scratch.on_device, mass.on_device);
    lab.device.synchronize();
    const std::vector<float> found = lab.read(mass.on_device);
    const auto stored = lab.read(backend::DeviceMatrix<float>{
        MatrixView<float>(reinterpret_cast<float*>(layer.kv.keys), 4 * slots, dim), layer.kv.device});
    for (std::size_t head = 0; head < 2; ++head) {
      std::vector<std::size_t> left;
      for (std::size_t slot = 0; slot < slots; ++slot) left.push_back(slot);
      for (std::size_t gone = 0; gone < count; ++gone) {
        const auto least = std::min_element(
            left.begin() + begin, left.begin() + static_cast<std::ptrdiff_t>(end - gone),
            [&](std::size_t a, std::size_t b) { return masses[head * slots + a] < masses[head * slots + b]; });
        left.erase(least);
      }
      for (std::size_t slot = 0; slot < slots; ++slot) {
        const float expected = slot < left.size() ? masses[head * slots + left[slot]] : 0;
        law.holds(found[head * slots + slot] == expected, count, " dropped: slot ", slot, " of head ", head,
                  " has the mass ", found[head * slots + slot], ", expected ", expected);
        for (std::size_t i = 0; slot < left.size() && i < dim; ++i) {
          const auto in = [&](std::size_t block) { return stored[(block * slots + slot) * dim + i]; };
          law.holds(in(head) == layer.keys.row(left[slot])[head * dim + i] &&
                        in(2 + head) == layer.values.row(left[slot])[head * dim + i],
                    count, " dropped: slot ", slot, " of head ", head, " is not the row that was in slot ",
                    left[slot]);
        }
      }
    }
  }
}

/// Operands that do not agree are refused.
template <backend::Backend B>
  requires backend::PruningOps<B>
void pruning_refuses_wrong_operands() {
  const Law law("operands that do not agree are an InvalidArgument", model_name<B>());
  Laboratory<B> lab;
  PrunedLayer<B> layer{lab};
  const auto mass = lab.normal(2, layer.slots).on_device;
  const auto other = lab.normal(2, layer.slots - 1).on_device;
  const auto queries = layer.queries.on_device;
  const auto refused = [&](const auto& call, const char* what) {
    law.template throws<InvalidArgument>(call, what);
  };
  auto windowed = layer.kv;
  windowed.window = 5;
  refused([&] { lab.device.attention_mass(queries, windowed, layer.first, mass, mass, mass); }, "a window");
  refused([&] { lab.device.attention_mass(queries, layer.kv, layer.first + 1, mass, mass, mass); },
          "a row too many");
  refused([&] { lab.device.attention_mass(queries, layer.kv, 0, other, mass, mass); }, "other scratch");
  refused([&] { lab.device.attention_mass(queries, layer.kv, 0, mass, other, mass); }, "another mass before");
  refused([&] { lab.device.attention_mass(queries, layer.kv, 0, mass, mass, other); }, "another mass after");
  refused([&] { lab.device.drop_least(layer.kv, 0, layer.slots + 1, 1, mass, mass); }, "slots beyond the last");
  refused([&] { lab.device.drop_least(layer.kv, 3, 5, 3, mass, mass); }, "more than there are");
  refused([&] { lab.device.drop_least(layer.kv, 3, 5, 1, mass, other); }, "another mass");
  auto elsewhere = mass;
  ++elsewhere.device;
  law.template throws<WrongDevice>([&] { lab.device.drop_least(layer.kv, 3, 5, 1, mass, elsewhere); },
                                   "a mass of another device");
}

/// All laws.
template <backend::Backend B>
  requires backend::PruningOps<B>
void pruning() {
  attention_mass_is_the_naive_loop<B>();
  mass_has_the_same_bits_in_any_cut<B>();
  the_least_are_dropped<B>();
  pruning_refuses_wrong_operands<B>();
}

}  // namespace asterism::laws
