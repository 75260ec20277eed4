// The laws of attention::KvCache, one function template for each, for the caches of the toolkit and for your own:
//
//   TEST_CASE_TEMPLATE("my caches obey the laws", K, MyCache) { laws::kv_cache<K>(); }
//
// Needs doctest and a constructor K(device, shape, limits, first_layer, layers). Caches are asked through
// attention::attend, as a model asks them. Passes of caches that are full before the context is (attention::Prunes) end
// where these say; what such a cache sees is for a test of its own.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/attention/attend.hpp"
#include "asterism/attention/concept.hpp"
#include "asterism/backend/host.hpp"
#include "asterism/backend/kv_view.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/random.hpp"
#include "asterism/parallel/serial.hpp"
#include "asterism/shape/shape.hpp"

#include "laws/law.hpp"
#include "support/device_memory.hpp"
#include "support/naive.hpp"
#include "support/rows.hpp"

namespace asterism::laws {

inline constexpr Shape cache_shape{.layers = 5, .heads = 4, .kv_heads = 2, .head_dim = 6};
inline constexpr std::size_t cache_context = 41;  // no multiple of what rows are rounded up to
inline constexpr std::size_t cache_chunk = 5;
inline constexpr Limits cache_limits{.context = cache_context, .prefill_chunk = cache_chunk};

/// A host with a cache for layers 2, 3 and 4, and keys, values and queries for all positions in four versions, so
/// that a sequence is a list of versions.
template <attention::KvCache K>
struct CacheOnHost {
  static constexpr std::int32_t first_layer = 2;
  static constexpr std::int32_t layers = 3;
  static constexpr std::size_t versions = 4;
  static constexpr std::size_t heads = 4;
  static constexpr std::size_t kv_width = 12;
  static constexpr std::size_t dim = 6;
  using Sequence = std::vector<std::size_t>;

  backend::SerialHost host{0, 1_MiB, std::make_shared<parallel::Serial>()};
  test::DeviceMemory<backend::SerialHost> memory{host};
  K cache{host, cache_shape, cache_limits, first_layer, layers};
  backend::DeviceMatrix<float> keys = memory.normal(versions * cache_context, kv_width);
  backend::DeviceMatrix<float> values = memory.normal(versions * cache_context, kv_width);
  backend::DeviceMatrix<float> queries = memory.normal(versions * cache_context, heads* dim, 2.0F);
  backend::DeviceMatrix<float> chunk_keys = memory.result(cache_chunk, kv_width);
  backend::DeviceMatrix<float> chunk_values = memory.result(cache_chunk, kv_width);
  backend::DeviceMatrix<float> chunk_queries = memory.result(cache_chunk, heads* dim);
  backend::DeviceMatrix<float> chunk_out = memory.result(cache_chunk, heads* dim);

  static std::size_t row(const Sequence& sequence, std::size_t position) {
    return sequence[position] * cache_context + position;
  }

  /// Stores the positions [first, first + count) of a sequence.
  void append(std::int32_t layer, const Sequence& sequence, std::size_t first, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      const auto copy = [&](const auto& from, const auto& to) {
        std::copy_n(from.view.row(row(sequence, first + i)).begin(), from.cols(), to.view.row(i).begin());
      };
      copy(keys, chunk_keys);
      copy(values, chunk_values);
      copy(queries, chunk_queries);
    }
    cache.append(host, layer, first, chunk_keys.rows_at(0, count), chunk_values.rows_at(0, count));
  }

  /// As many of `count` rows from `first` on as one pass may have.
  static std::size_t in_one_pass(std::size_t first, std::size_t count) {
    if constexpr (attention::Prunes<K>) {
      return std::min(count, K::pass_end(first) - first);
    } else {
      return count;
    }
  }

  /// Stores them, and returns what they see: in one pass, or in as few as may be.
  std::vector<float> pass(std::int32_t layer, const Sequence& sequence, std::size_t first, std::size_t count) {
    std::vector<float> all;
    for (const std::size_t end = first + count; first < end;) {
      const std::size_t rows = in_one_pass(first, end - first);
      append(layer, sequence, first, rows);
      const auto out = chunk_out.rows_at(0, rows);
      attention::attend(host, cache, layer, first, 0, chunk_queries.rows_at(0, rows), out);
      const std::vector<float> some = test::values(out);
      all.insert(all.end(), some.begin(), some.end());
      first += rows;
    }
    return all;
  }

  /// What all positions of a sequence see, passed in pieces.
  std::vector<float> run(std::int32_t layer, const Sequence& sequence, std::size_t piece) {
    std::vector<float> all;
    for (std::size_t first = 0; first < sequence.size(); first += piece) {
      const std::vector<float> some = pass(layer, sequence, first, std::min(piece, sequence.size() - first));
      all.insert(all.end(), some.begin(), some.end());
    }
    return all;
  }

  /// The same in double, over the positions that the cache's view says, of rows as the format keeps them.
  std::vector<double> naive(const Sequence& sequence) {
    const auto view = cache.view(first_layer);
    std::vector<double> all;
    for (std::size_t p = 0; p < sequence.size(); ++p) {
      for (std::size_t head = 0; head < heads; ++head) {
        const std::size_t from = head / 2 * dim;
        const std::vector<double> one = test::naive::attend(
            queries.view.row(row(sequence, p)).subview(head * dim, dim), dim, p,
            [&](std::size_t q) { return test::naive::sees(p, q, 0, view.window, view.sinks); },
            [&](std::size_t q, std::size_t i) { return kept(view, keys, row(sequence, q), from)[i]; },
            [&](std::size_t q, std::size_t i) { return kept(view, values, row(sequence, q), from)[i]; });
        all.insert(all.end(), one.begin(), one.end());
      }
    }
    return all;
  }

 private:
  template <class Format>
  static std::vector<float> kept(const backend::KvView<Format>& /*view*/, const backend::DeviceMatrix<float>& rows,
                                 std::size_t row, std::size_t from) {
    std::vector<std::byte> bytes(backend::KvFormat<Format>::bytes(dim));
    backend::KvFormat<Format>::store(rows.view.row(row).subview(from, dim), bytes.data());
    return test::naive::row_values<Format>(bytes.data(), dim);
  }
};

/// A sequence as long as the context, of random versions.
template <attention::KvCache K>
typename CacheOnHost<K>::Sequence full_sequence(std::uint64_t seed) {
  Random random(seed);
  typename CacheOnHost<K>::Sequence sequence;
  for (std::size_t p = 0; p < cache_context; ++p) sequence.push_back(random.below(CacheOnHost<K>::versions));
  return sequence;
}

/// Exactly layers * layer_bytes is drawn, in the constructor; nothing later; and it is given back.
template <attention::KvCache K>
void budget_is_exactly_drawn() {
  const Law law("layers * layer_bytes is drawn, by the constructor alone, and given back", model_name<K>());
  constexpr Bytes one_layer = K::layer_bytes(cache_shape, cache_limits);
  for (const std::int32_t layers : {1, 3}) {
    const Bytes budget = one_layer * static_cast<std::uint64_t>(layers);
    const auto text = [&] {
      return std::to_string(layers) + " layers of " + std::to_string(one_layer.count) + " bytes";
    };
    backend::SerialHost host(0, budget, std::make_shared<parallel::Serial>());
    {
      const K cache(host, cache_shape, cache_limits, 0, layers);
      law.holds(host.arena().used() == budget, text, ": ", host.arena().used().count, " bytes were drawn");
      law.holds(cache.bytes() == budget, text, ": bytes() is ", cache.bytes().count);
      law.holds(cache.capacity() == cache_context, text, ": capacity() is ", cache.capacity(), ", expected ",
                cache_context);
    }
    law.holds(host.arena().used() == 0_B, text, ": ", host.arena().used().count, " bytes were not given back");
    backend::SerialHost smaller(0, budget - 1_B, std::make_shared<parallel::Serial>());
    law.throws<BudgetExceeded>([&] { K(smaller, cache_shape, cache_limits, 0, layers); }, text,
                               " and a budget of one byte less");
  }
  CacheOnHost<K> on;
  const std::uint64_t before = on.host.arena().allocations();
  on.run(2, full_sequence<K>(1), cache_chunk);
  on.cache.trim(20);
  on.cache.trim(0);
  law.holds(on.host.arena().allocations() == before, "append or trim allocates");
}

/// Pieces of up to prefill_chunk rows give the bits of one row at a time.
template <attention::KvCache K>
void pieces_change_no_bit() {
  const Law law("pieces of up to prefill_chunk rows give the bits of one row at a time", model_name<K>());
  const auto sequence = full_sequence<K>(2);
  const std::vector<float> expected = CacheOnHost<K>().run(2, sequence, 1);
  for (std::size_t piece = 2; piece <= cache_chunk; ++piece) {
    law.same_bits(CacheOnHost<K>().run(2, sequence, piece), expected, cache_context, " positions in pieces of ",
                  piece);
  }
}

/// A row sees the positions that the view says, each with its own key and value.
template <attention::KvCache K>
void rows_see_what_the_view_says() {
  const Law law("a row sees the positions that the view says, each with its own key and value", model_name<K>());
  const auto sequence = full_sequence<K>(3);
  CacheOnHost<K> on;
  const std::vector<float> found = on.run(2, sequence, cache_chunk);
  const std::vector<double> expected = on.naive(sequence);
  REQUIRE(found.size() == expected.size());
  const std::size_t width = found.size() / cache_context;
  for (std::size_t i = 0; i < found.size(); ++i) {
    law.holds(std::fabs(found[i] - expected[i]) <= 5e-6, "the row at position ", i / width, " of ", cache_context,
              " sees in value ", i % width, " ", found[i], ", expected ", expected[i]);
  }
}

/// Random walks of rows stored and trims, passes broken off after one layer among them: `trim` says the length or
/// 0, or, where the cache prunes itself, a length between them; and what is stored on top sees, to the bit, what it
/// would see in a cache without that past. Of the walks that fail, the shortest is shown.
template <attention::KvCache K>
void trim_leaves_no_trace() {
  using On = CacheOnHost<K>;
  const Law law("trim says the length or 0, and what is stored behind it sees what it would without that past",
                model_name<K>());
  Random random(4);
  const auto up_to = [&](std::size_t most) { return static_cast<std::size_t>(random.below(most + 1)); };
  std::size_t kept_trims = 0;
  std::string shortest;
  int fewest_steps = 1000;
  const auto walk = [&](int& step, std::string& past) {
    On on;
    typename On::Sequence sequence;
    for (; step < 30; ++step) {
      if (up_to(2) == 0 || sequence.size() == cache_context) {
        const std::size_t back = up_to(3) == 0 ? sequence.size() : std::min(sequence.size(), up_to(8));
        const std::size_t length = sequence.size() - back;
        const std::size_t found = on.cache.trim(length);
        past += "trim " + std::to_string(length) + ", ";
        law.holds(found == length || found == 0 || (attention::Prunes<K> && found < length), past, "which says ",
                  found);
        sequence.resize(found);
        kept_trims += found > 0 && back > 0 ? 1 : 0;
        continue;
      }
      const std::size_t first = sequence.size();
      const std::size_t count = std::min(1 + up_to(cache_chunk - 1), cache_context - first);
      for (std::size_t i = 0; i < count; ++i) sequence.push_back(up_to(On::versions - 1));
      past += std::to_string(count) + " rows from " + std::to_string(first) + ", ";
      if (up_to(5) == 0) {  // broken off: the same length may be stored again, without going back
        past += "broken off, ";
        on.append(3, sequence, first, On::in_one_pass(first, count));
        sequence.resize(first);
        continue;
      }
      for (const std::int32_t other : {3, 4}) on.pass(other, sequence, first, count);
      const std::vector<float> found = on.pass(2, sequence, first, count);
      const std::vector<float> fresh = On().run(2, sequence, cache_chunk);
      law.same_bits(found, View<const float>(fresh).subview(fresh.size() - found.size(), found.size()), past,
                    "what the last rows see");
    }
  };
  for (int i = 0; i < 40; ++i) {
    int steps = 0;
    std::string past;
    try {
      walk(steps, past);
    } catch (const LawBroken& broken) {
      if (steps < fewest_steps) shortest = broken.what();
      fewest_steps = std::min(fewest_steps, steps);
    }
  }
  if (!shortest.empty()) throw LawBroken(shortest);
  law.holds(kept_trims > 20, "only ", kept_trims, " of 40 walks' trims keep anything");
}

/// Going back to where one is costs nothing; going back to 0 is a new beginning.
template <attention::KvCache K>
void trim_knows_its_ends() {
  const Law law("going back to where one is costs nothing, and to 0 is a new beginning", model_name<K>());
  const auto sequence = full_sequence<K>(5);
  CacheOnHost<K> on;
  const std::vector<float> expected = on.run(2, sequence, cache_chunk);
  for (const std::int32_t other : {3, 4}) on.run(other, sequence, cache_chunk);
  for (const std::size_t length : {cache_context, cache_context - 1, std::size_t{0}}) {
    const std::size_t found = on.cache.trim(length);
    law.holds(found == length, "trim(", length, ") of ", cache_context, " positions says ", found);
  }
  law.same_bits(on.run(2, sequence, 3), expected, "after trim(0)");
}

/// Layers do not touch each other.
template <attention::KvCache K>
void layers_are_separate() {
  const Law law("layers do not touch each other", model_name<K>());
  const auto sequence = full_sequence<K>(6);
  const auto other = full_sequence<K>(7);
  CacheOnHost<K> on;
  std::vector<float> found[3];
  for (std::size_t first = 0; first < cache_context; first += cache_chunk) {
    for (const std::int32_t layer : {2, 3, 4}) {
      const std::vector<float> some =
          on.pass(layer, layer == 3 ? other : sequence, first, std::min(cache_chunk, cache_context - first));
      auto& all = found[static_cast<std::size_t>(layer - 2)];
      all.insert(all.end(), some.begin(), some.end());
    }
  }
  for (const std::int32_t layer : {2, 3, 4}) {
    law.same_bits(found[static_cast<std::size_t>(layer - 2)],
                  CacheOnHost<K>().run(layer, layer == 3 ? other : sequence, cache_chunk), "layer ", layer,
                  " of 2, 3 and 4");
  }
}

/// A position that does not fit is an error, and changes nothing.
template <attention::KvCache K>
void nothing_is_stored_beyond_the_capacity() {
  const Law law("a position that does not fit is an InvalidArgument, and changes nothing", model_name<K>());
  const auto sequence = full_sequence<K>(8);
  const std::vector<float> expected = CacheOnHost<K>().run(2, sequence, cache_chunk);
  CacheOnHost<K> on;
  on.run(2, {sequence.begin(), sequence.end() - 2}, cache_chunk);
  for (const std::size_t first :
       {cache_context - 1, cache_context, ~std::size_t{0}, ~std::size_t{0} - 1, std::size_t{1} << 63U}) {
    law.throws<InvalidArgument>(
        [&] { on.cache.append(on.host, 2, first, on.keys.rows_at(0, 2), on.values.rows_at(0, 2)); },
        "2 rows from position ", first, ", capacity ", cache_context);
  }
  const std::vector<float> last = on.pass(2, sequence, cache_context - 2, 2);
  law.same_bits(last, View<const float>(expected).subview(expected.size() - last.size(), last.size()),
                "rows stored after the refusals");
  for (const std::int32_t other : {3, 4}) on.run(other, sequence, cache_chunk);
  const std::size_t length = on.cache.trim(cache_context);
  law.holds(length == cache_context, "trim(", cache_context, ") says ", length, " after the refusals");
}

/// All laws.
template <attention::KvCache K>
void kv_cache() {
  budget_is_exactly_drawn<K>();
  pieces_change_no_bit<K>();
  if constexpr (!attention::Prunes<K>) rows_see_what_the_view_says<K>();
  trim_leaves_no_trace<K>();
  trim_knows_its_ends<K>();
  layers_are_separate<K>();
  nothing_is_stored_beyond_the_capacity<K>();
}

}  // namespace asterism::laws
