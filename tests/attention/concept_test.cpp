// All shipped key/value caches are models of KvCache and obey its laws; structs that lack one member are none.
#include "asterism/attention/concept.hpp"

#include <doctest/doctest.h>

#include "asterism/attention/bounded_kv.hpp"
#include "asterism/attention/sliding_window_kv.hpp"
#include "asterism/quant/float16.hpp"
#include "asterism/quant/float32.hpp"

#include "lacking/kv_cache.hpp"
#include "laws/kv_cache_laws.hpp"

using namespace asterism;
using namespace asterism::attention;
using namespace asterism::lacking::kv_caches;

namespace {

// Pieces of 5 positions, a context of 41.
using One = SlidingWindowKv<quant::Float32, 1, 0>;
using Short = SlidingWindowKv<quant::Float32, 3, 0>;
using ShortWithSinks = SlidingWindowKv<quant::Float16, 3>;
using Codes = SlidingWindowKv<quant::Int8<16>, 8, 2>;
using Half = SlidingWindowKv<quant::Float16, 16>;
using OneSlotLess = SlidingWindowKv<quant::Float32, 28, 4>;  // than the context has positions
using Whole = SlidingWindowKv<quant::Float32, 29, 4>;
using Longer = SlidingWindowKv<quant::Float32, 64, 40>;

static_assert(KvCache<Complete> && KvCache<BoundedKv<quant::Float32>> && KvCache<BoundedKv<quant::Int8<32>>>);
static_assert(KvCache<SlidingWindowKv<quant::Float16, 1024>> && KvCache<SlidingWindowKv<quant::Int8<32>, 8, 0>>);
static_assert(!KvCache<NoLayerBytes> && !needs::layer_bytes<NoLayerBytes> && needs::capacity<NoLayerBytes>);
static_assert(!KvCache<NoCapacity> && !needs::capacity<NoCapacity>);
static_assert(!KvCache<NoBytes> && !needs::bytes<NoBytes>);
static_assert(!KvCache<NoView> && !needs::view<NoView>);
static_assert(!KvCache<NoAppend> && !needs::append<NoAppend>);
static_assert(!KvCache<NoTrim> && !needs::trim<NoTrim> && needs::view<NoTrim>);
static_assert(!KvCache<int>);

}  // namespace

TEST_CASE_TEMPLATE("bounded caches obey the laws", K, BoundedKv<quant::Float32>, BoundedKv<quant::Float16>,
                   BoundedKv<quant::Int8<32>>) {
  laws::kv_cache<K>();
}

TEST_CASE_TEMPLATE("sliding windows obey the laws", K, One, Short, ShortWithSinks, Codes, Half, OneSlotLess, Whole,
                   Longer) {
  laws::kv_cache<K>();
}
