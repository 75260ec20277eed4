// The cache that prunes itself: its bytes, what stays against a loop in double, where it goes back to, what it refuses.
#include "asterism/attention/pruned_kv_cache.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/attention/attend.hpp"
#include "asterism/attention/static_kv_cache.hpp"
#include "asterism/backend/host.hpp"
#include "asterism/core/error.hpp"
#include "asterism/kernels.hpp"
#include "asterism/parallel/serial.hpp"
#include "asterism/parallel/threads.hpp"
#include "asterism/quant/float16.hpp"
#include "asterism/quant/float32.hpp"

#include "support/device_memory.hpp"
#include "support/naive.hpp"
#include "support/rows.hpp"

using namespace asterism;
using attention::KvStorage;
using attention::PrunedKvCache;

namespace {

constexpr Shape shape{.layers = 4, .heads = 4, .kv_heads = 2, .head_dim = 6};
constexpr std::size_t context = 70;
constexpr Limits limits{.context = context, .prefill_chunk = 8};
constexpr std::size_t width = 12;
constexpr std::size_t dim = 6;

// Keep slots and four numbers for each, or the slots of the context alone where it is never full.
template <int Keep>
constexpr Bytes bytes(std::int32_t most) {
  return PrunedKvCache<quant::Float16, Keep, 5>::layer_bytes(shape, {.context = most, .prefill_chunk = 8});
}
static_assert(bytes<20>(70) == KvStorage<quant::Float16>::layer_bytes(shape, 20) + Bytes{4 * aligned(2 * 20 * 4)});
static_assert(bytes<20>(1'000'000) == bytes<20>(70));
static_assert(bytes<20>(21) == bytes<20>(70));
static_assert(bytes<20>(20) == KvStorage<quant::Float16>::layer_bytes(shape, 20));
static_assert(bytes<20>(7) == KvStorage<quant::Float16>::layer_bytes(shape, 7));

// Full at 20, 25, 30, ...
using Cache = PrunedKvCache<quant::Float32, 20, 5, 2>;
static_assert(Cache::pass_end(0) == 20 && Cache::pass_end(19) == 20 && Cache::pass_end(20) == 25);
static_assert(Cache::pass_end(24) == 25 && Cache::pass_end(25) == 30 && Cache::pass_end(1'000'003) == 1'000'005);
static_assert(Cache::slot(0) == 0 && Cache::slot(19) == 19 && Cache::slot(20) == 15 && Cache::slot(24) == 19);
static_assert(Cache::slot(25) == 15 && Cache::slot(1'000'003) == 18);

template <class Call>
std::string refusal(const Call& call) {
  try {
    call();
  } catch (const InvalidArgument& error) {
    return error.what();
  }
  return "not refused";
}

/// A cache of one layer, and rows for all positions.
template <class K, class Host = backend::SerialHost>
struct OnHost {
  Host host{2, 1_MiB, execution()};
  test::DeviceMemory<Host> memory{host};
  K cache{host, shape, limits, 0, 1};
  backend::DeviceMatrix<float> keys = memory.normal(context, width);
  backend::DeviceMatrix<float> values = memory.normal(context, width);
  backend::DeviceMatrix<float> queries = memory.normal(context, 2 * width, 3.0F);
  backend::DeviceMatrix<float> out = memory.result(context, 2 * width);

  static std::shared_ptr<typename Host::ExecutionPolicy> execution() {
    if constexpr (std::is_same_v<Host, backend::SerialHost>) {
      return std::make_shared<parallel::Serial>();
    } else {
      return std::make_shared<parallel::Threads>(3);
    }
  }

  void append(std::size_t first, std::size_t count) {
    cache.append(host, 0, first, keys.rows_at(first, count), values.rows_at(first, count));
  }
  void pass(std::size_t first, std::size_t count) {
    append(first, count);
    attention::attend(host, cache, 0, first, 0, queries.rows_at(first, count), out.rows_at(first, count));
  }
  /// Passes of up to `piece` rows up to `end`.
  void pass_to(std::size_t end, std::size_t piece, std::size_t first = 0) {
    while (first < end) {
      std::size_t count = std::min(piece, end - first);
      if constexpr (attention::Prunes<K>) count = std::min(count, K::pass_end(first) - first);
      pass(first, count);
      first += count;
    }
  }
  std::vector<float> seen(std::size_t first, std::size_t count) { return test::values(out.rows_at(first, count)); }

  /// The positions whose keys and values lie in the first `count` slots of a head; -1 for what is none.
  std::vector<std::ptrdiff_t> kept(std::size_t head, std::size_t count) {
    const auto view = cache.view(0);
    std::vector<std::ptrdiff_t> positions;
    for (std::size_t slot = 0; slot < count; ++slot) {
      const auto is = [&](const std::byte* block, const backend::DeviceMatrix<float>& rows, std::size_t p) {
        return std::memcmp(block + view.offset(head, slot), rows.view.row(p).data + head * dim,
                           dim * sizeof(float)) == 0;
      };
      std::ptrdiff_t found = -1;
      for (std::size_t p = 0; p < context; ++p) {
        if (is(view.keys, keys, p) && is(view.values, values, p)) found = static_cast<std::ptrdiff_t>(p);
      }
      positions.push_back(found);
    }
    return positions;
  }
};

/// The definition, in double: what a head keeps after each drop, up to `end` positions.
struct Naive {
  std::vector<std::ptrdiff_t> kept;
  std::vector<double> mass;
  std::vector<std::vector<double>> seen;  ///< by each position, of the head's two query heads
};

template <class On>
Naive naive(const On& on, std::size_t head, std::size_t end, std::size_t keep, std::size_t recent,
            std::size_t sinks) {
  Naive out;
  for (std::size_t p = 0; p < end; ++p) {
    if (out.kept.size() == keep) {
      for (std::size_t gone = 0; gone < recent; ++gone) {
        const auto begin = out.mass.begin() + static_cast<std::ptrdiff_t>(sinks);
        const auto least = std::min_element(begin, out.mass.end() - static_cast<std::ptrdiff_t>(recent));
        out.kept.erase(out.kept.begin() + (least - out.mass.begin()));
        out.mass.erase(least);
      }
    }
    out.kept.push_back(static_cast<std::ptrdiff_t>(p));
    out.mass.push_back(0);
    std::vector<double> both;
    for (std::size_t of = 2 * head; of < 2 * head + 2; ++of) {
      std::vector<double> weights;
      double total = 0;
      for (const std::ptrdiff_t q : out.kept) {
        double score = 0;
        for (std::size_t i = 0; i < dim; ++i) {
          score +=
              double{on.queries.view(p, of * dim + i)} * on.keys.view(static_cast<std::size_t>(q), head * dim + i);
        }
        weights.push_back(std::exp(score / std::sqrt(static_cast<double>(dim))));
        total += weights.back();
      }
      for (std::size_t i = 0; i < dim; ++i) {
        double sum = 0;
        for (std::size_t k = 0; k < weights.size(); ++k) {
          sum += weights[k] / total * on.values.view(static_cast<std::size_t>(out.kept[k]), head * dim + i);
        }
        both.push_back(sum);
      }
      if (p < keep - recent) continue;
      for (std::size_t k = 0; k < weights.size(); ++k) out.mass[k] += weights[k] / total;
    }
    out.seen.push_back(both);
  }
  return out;
}

template <int Keep, int Recent, int Sinks>
void check_kept() {
  using K = PrunedKvCache<quant::Float32, Keep, Recent, Sinks>;
  for (std::size_t end = Keep - 1; end <= context; ++end) {
    CAPTURE(end);
    OnHost<K> on;
    on.pass_to(end, 8);
    for (const std::size_t head : {0U, 1U}) {
      CAPTURE(head);
      const Naive expected = naive(on, head, end, Keep, Recent, Sinks);
      REQUIRE(on.kept(head, K::slot(end - 1) + 1) == expected.kept);
      for (std::size_t p = 0; p < end; ++p) {
        for (std::size_t i = 0; i < 2 * dim; ++i) {
          REQUIRE(on.out.view(p, head * 2 * dim + i) == doctest::Approx(expected.seen[p][i]).epsilon(1e-4));
        }
      }
    }
  }
}

}  // namespace

TEST_CASE("each head keeps sinks, recent positions, and those that drew most attention: so say loops in double") {
  check_kept<20, 5, 2>();
  check_kept<16, 3, 4>();
  check_kept<12, 1, 0>();
  check_kept<9, 4, 1>();  // all but the sink go
}

TEST_CASE("heads keep what their own queries looked at") {
  OnHost<Cache> on;
  on.pass_to(context, 8);
  CHECK(on.kept(0, 20) != on.kept(1, 20));
}

TEST_CASE("while nothing has been dropped it is a bounded cache, to the bit") {
  OnHost<Cache> on;
  OnHost<attention::StaticKvCache<quant::Float32>> bounded;
  on.pass_to(40, 8);
  bounded.pass_to(40, 8);
  CHECK(on.seen(0, 20) == bounded.seen(0, 20));
  for (std::size_t p = 20; p < 40; ++p) CHECK(on.seen(p, 1) != bounded.seen(p, 1));
  OnHost<PrunedKvCache<quant::Float32, 70, 5>> whole;
  whole.pass_to(context, 8);
  bounded.pass_to(context, 8, 40);
  CHECK(whole.seen(0, context) == bounded.seen(0, context));
  CHECK(whole.cache.bytes() == bounded.cache.bytes());
}

TEST_CASE("the cut into passes, repeated passes and threads change no bit") {
  OnHost<Cache> one;
  one.pass_to(context, 1);
  for (std::size_t piece = 2; piece <= 8; ++piece) {
    OnHost<Cache> on;
    on.pass_to(context, piece);
    CHECK(on.seen(0, context) == one.seen(0, context));
    OnHost<Cache, backend::BasicHost<parallel::Threads, quant::Float32Activations>> threads;
    threads.pass_to(context, piece);
    CHECK(threads.seen(0, context) == one.seen(0, context));
  }
  OnHost<Cache> twice;
  for (std::size_t first = 0; first < context;) {
    const std::size_t most = std::min({std::size_t{8}, Cache::pass_end(first) - first, context - first});
    twice.append(first, most);  // broken off
    twice.pass(first, (most + 1) / 2);
    twice.pass(first, most);
    first += most;
  }
  CHECK(twice.seen(0, context) == one.seen(0, context));
}

TEST_CASE("it goes back to where nothing has been counted or dropped since, or to the last pass") {
  const auto trimmed = [](std::size_t end, std::size_t length, std::size_t piece = 8) {
    OnHost<Cache> on;
    on.pass_to(end, piece);
    const std::size_t found = on.cache.trim(length);
    OnHost<Cache> fresh;
    fresh.pass_to(context, 8);
    on.pass_to(context, 3, found);
    CHECK(on.seen(0, context) == fresh.seen(0, context));
    return found;
  };
  for (std::size_t length = 0; length <= 14; ++length) CHECK(trimmed(14, length) == length);
  for (std::size_t length = 0; length <= 15; ++length) CHECK(trimmed(20, length) == length);
  CHECK(trimmed(20, 16) == 16);  // the last pass
  CHECK(trimmed(20, 17) == 15);
  CHECK(trimmed(20, 20) == 20);
  CHECK(trimmed(21, 21) == 21);
  CHECK(trimmed(21, 20) == 20);
  CHECK(trimmed(21, 19) == 0);  // something was dropped
  CHECK(trimmed(28, 28) == 28);
  CHECK(trimmed(28, 27) == 25);
  CHECK(trimmed(28, 25) == 25);
  CHECK(trimmed(28, 24) == 0);
  CHECK(trimmed(28, 0) == 0);
  for (std::size_t end = 21; end <= 45; ++end) {
    for (std::size_t length = end - 7; length <= end; ++length) {
      const std::size_t full = end - 1 - (end - 1) % 5;         // when positions were dropped last
      const std::size_t last = end - 1 - (end - 1 - full) % 2;  // the last pass of one or two rows
      CAPTURE(end);
      CAPTURE(length);
      CHECK(trimmed(end, length, 2) == (length == end || length == last ? length : length < full ? 0 : full));
    }
  }
}

TEST_CASE("layers that a broken pass has not reached go back with the others") {
  for (const std::int32_t reached : {0, 1}) {
    CAPTURE(reached);
    OnHost<Cache> on;
    Cache two(on.host, shape, limits, 0, 2);
    const auto append = [&](std::int32_t layer, std::size_t first, std::size_t count) {
      two.append(on.host, layer, first, on.keys.rows_at(first, count), on.values.rows_at(first, count));
      attention::attend(on.host, two, layer, first, 0, on.queries.rows_at(first, count),
                        on.out.rows_at(first, count));
    };
    for (const std::size_t first : {0, 4, 8, 12, 16}) {
      for (const std::int32_t layer : {0, 1}) append(layer, first, 4);
    }
    append(reached, 20, 2);  // drops, then the pass breaks off
    CHECK(two.trim(20) == 20);
    CHECK(two.trim(19) == 0);  // the other layer could
    for (const std::int32_t layer : {0, 1}) append(layer, 0, 4);
  }
}

TEST_CASE("a full context and a pass that goes on too long say so") {
  OnHost<Cache> on;
  CHECK(refusal([&] { on.cache.append(on.host, 0, 66, on.keys.rows_at(0, 5), on.keys.rows_at(0, 5)); }) ==
        "the key/value cache takes 70 positions; 5 from position 66 on were to be stored: raise Limits::context");
  on.pass_to(16, 8);
  CHECK(
      refusal([&] { on.append(16, 5); }) ==
      "the key/value cache drops positions at position 20; 5 from position 16 on were to be stored: end the pass "
      "there");
  on.pass(16, 4);
  CHECK(on.kept(0, 20).back() == 19);
}

TEST_CASE("NaN harms nothing but what it is in") {
  OnHost<Cache> on;
  on.queries.view(17, 3) = std::nanf("");
  on.pass_to(30, 8);
  const auto kept = on.kept(1, 20);
  CHECK(std::set<std::ptrdiff_t>(kept.begin(), kept.end()).size() == 20);
  CHECK(on.kept(1, 20).front() == 0);
}
