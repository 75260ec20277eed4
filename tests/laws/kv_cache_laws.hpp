// The laws of attention::KvCache, one function template for each, for the caches of the toolkit and for your own:
//
//   TEST_CASE_TEMPLATE("my caches obey the laws", K, MyCache) { laws::kv_cache<K>(); }
//
// Needs doctest and a constructor K(device, shape, limits, first_layer, layers). Caches are asked through
// Backend::attend, as a model asks them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/attention/concept.hpp"
#include "asterism/backend/host.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/error.hpp"
#include "asterism/parallel/serial.hpp"
#include "asterism/shape/shape.hpp"

#include "support/device_memory.hpp"
#include "support/rows.hpp"

namespace asterism::laws {

inline constexpr Shape cache_shape{.layers = 5, .heads = 4, .kv_heads = 2, .head_dim = 6};
inline constexpr Limits cache_limits{.context = 37};

/// A host with a cache for layers 2, 3 and 4, and keys, values and queries for all positions of one layer.
template <attention::KvCache K>
struct CacheOnHost {
  static constexpr std::int32_t first_layer = 2;
  static constexpr std::int32_t layers = 3;

  backend::SerialHost host{0, 1_MiB, std::make_shared<parallel::Serial>()};
  test::DeviceMemory<backend::SerialHost> memory{host};
  K cache{host, cache_shape, cache_limits, first_layer, layers};
  backend::DeviceMatrix<float> keys = memory.normal(37, 12);
  backend::DeviceMatrix<float> values = memory.normal(37, 12);
  backend::DeviceMatrix<float> queries = memory.normal(37, 24);

  void append(std::int32_t layer, std::size_t first, std::size_t count) {
    cache.append(host, layer, first, keys.rows_from(first, count), values.rows_from(first, count));
  }
  /// What positions [first, first + count) see.
  std::vector<float> attend(std::int32_t layer, std::size_t first, std::size_t count) {
    const auto out = memory.result(count, 24);
    host.attend(queries.rows_from(first, count), cache.view(layer), first, 0, out);
    return test::values(out);
  }
};

/// Exactly layers * layer_bytes is drawn, in the constructor; nothing later; and it is given back.
template <attention::KvCache K>
void never_above_its_budget() {
  constexpr Bytes one_layer = K::layer_bytes(cache_shape, cache_limits);
  for (const std::int32_t layers : {1, 3}) {
    const Bytes budget = one_layer * static_cast<std::uint64_t>(layers);
    backend::SerialHost host(0, budget, std::make_shared<parallel::Serial>());
    {
      const K cache(host, cache_shape, cache_limits, 0, layers);
      CHECK(host.arena().used() == budget);
      CHECK(cache.bytes() == budget);
      CHECK(cache.capacity() == 37);
    }
    CHECK(host.arena().used() == 0_B);
    backend::SerialHost smaller(0, budget - 1_B, std::make_shared<parallel::Serial>());
    CHECK_THROWS_AS((K(smaller, cache_shape, cache_limits, 0, layers)), BudgetExceeded);
  }
  CacheOnHost<K> on;
  const std::uint64_t before = on.host.arena().allocations();
  on.append(2, 0, 37);
  CHECK(on.host.arena().allocations() == before);
}

/// Positions keep their index however they arrive: all at once, in pieces, or again after a return to a prefix.
template <attention::KvCache K>
void absolute_positions_survive() {
  CacheOnHost<K> at_once;
  at_once.append(2, 0, 37);
  const std::vector<float> expected = at_once.attend(2, 0, 37);

  CacheOnHost<K> in_pieces;
  for (std::size_t first = 0; first < 37; first += 5) in_pieces.append(2, first, first + 5 < 37 ? 5 : 37 - first);
  CHECK(test::same_bits(in_pieces.attend(2, 0, 37), expected));

  CacheOnHost<K> with_a_return;
  with_a_return.append(2, 0, 20);
  const auto other = with_a_return.memory.normal(17, 12);
  with_a_return.cache.append(with_a_return.host, 2, 20, other, other);  // a turn that is taken back
  CHECK_FALSE(test::same_bits(with_a_return.attend(2, 20, 17),
                              View<const float>(expected.data() + std::size_t{20} * 24, 17 * 24)));
  CHECK(test::same_bits(with_a_return.attend(2, 0, 20), View<const float>(expected.data(), 20 * 24)));
  with_a_return.append(2, 20, 17);
  CHECK(test::same_bits(with_a_return.attend(2, 0, 37), expected));
}

/// Layers do not touch each other.
template <attention::KvCache K>
void layers_are_separate() {
  CacheOnHost<K> on;
  on.append(2, 0, 37);
  on.append(4, 0, 37);
  const std::vector<float> first = on.attend(2, 0, 37);
  CHECK(test::same_bits(on.attend(4, 0, 37), first));
  const auto other = on.memory.normal(37, 12);
  on.cache.append(on.host, 3, 0, other, other);
  CHECK_FALSE(test::same_bits(on.attend(3, 0, 37), first));
  CHECK(test::same_bits(on.attend(2, 0, 37), first));
  CHECK(test::same_bits(on.attend(4, 0, 37), first));
}

/// A position that does not fit is an error, and changes nothing.
template <attention::KvCache K>
void nothing_is_stored_beyond_the_capacity() {
  CacheOnHost<K> on;
  on.append(2, 0, 37);
  const std::vector<float> expected = on.attend(2, 0, 37);
  for (const std::size_t first : {std::size_t{36}, std::size_t{37}, ~std::size_t{0}, ~std::size_t{0} - 1}) {
    CHECK_THROWS_AS(on.cache.append(on.host, 2, first, on.keys.rows_from(0, 2), on.values.rows_from(0, 2)),
                    InvalidArgument);
  }
  CHECK(test::same_bits(on.attend(2, 0, 37), expected));
}

/// All laws.
template <attention::KvCache K>
void kv_cache() {
  never_above_its_budget<K>();
  absolute_positions_survive<K>();
  layers_are_separate<K>();
  nothing_is_stored_beyond_the_capacity<K>();
}

}  // namespace asterism::laws
