// All shipped key/value caches are models of KvCache and obey its laws; structs that lack one member are none.
#include "asterism/attention/concept.hpp"

#include <doctest/doctest.h>

#include "asterism/attention/pruned_kv_cache.hpp"
#include "asterism/attention/sliding_window_kv_cache.hpp"
#include "asterism/attention/static_kv_cache.hpp"
#include "asterism/backend/host.hpp"
#include "asterism/kernels.hpp"
#include "asterism/parallel/threads.hpp"
#include "asterism/quant/float16.hpp"
#include "asterism/quant/float32.hpp"

#include "lacking/kv_cache.hpp"
#include "laws/kv_cache_laws.hpp"

using namespace asterism;
using namespace asterism::attention;
using namespace asterism::lacking::kv_caches;

namespace {

// Pieces of 5 positions, a context of 41.
using One = SlidingWindowKvCache<quant::Float32, 1, 0>;
using Short = SlidingWindowKvCache<quant::Float32, 3, 0>;
using ShortWithSinks = SlidingWindowKvCache<quant::Float16, 3>;
using Codes = SlidingWindowKvCache<quant::Int8<16>, 8, 2>;
using Half = SlidingWindowKvCache<quant::Float16, 16>;
using OneSlotLess = SlidingWindowKvCache<quant::Float32, 28, 4>;  // than the context has positions
using Whole = SlidingWindowKvCache<quant::Float32, 29, 4>;
using Longer = SlidingWindowKvCache<quant::Float32, 64, 40>;

using Least = PrunedKvCache<quant::Float32, 2, 1, 0>;
using Few = PrunedKvCache<quant::Float16, 12, 3, 2>;
using InStep = PrunedKvCache<quant::Float32, 20, 5>;  // it is full where passes end, the context's end too
using Coded = PrunedKvCache<quant::Int8<16>, 25, 7, 0>;
using Never = PrunedKvCache<quant::Float32, 41>;
using Once = PrunedKvCache<quant::Float32, 40, 6>;

static_assert(KvCache<Complete> && KvCache<StaticKvCache<quant::Float32>> &&
              KvCache<StaticKvCache<quant::Int8<32>>>);
static_assert(KvCache<SlidingWindowKvCache<quant::Float16, 1024>> &&
              KvCache<SlidingWindowKvCache<quant::Int8<32>, 8, 0>>);
static_assert(!KvCache<NoLayerBytes> && !needs::layer_bytes<NoLayerBytes> && needs::capacity<NoLayerBytes>);
static_assert(!KvCache<NoCapacity> && !needs::capacity<NoCapacity>);
static_assert(!KvCache<NoBytes> && !needs::bytes<NoBytes>);
static_assert(!KvCache<NoView> && !needs::view<NoView>);
static_assert(KvCacheOn<Complete, backend::Host> && KvCacheOn<StaticKvCache<quant::Float16>, backend::Host>);
static_assert(KvCache<NoAppend> && !KvCacheOn<NoAppend, backend::Host>);
static_assert(KvCache<NoConstruct> && !KvCacheOn<NoConstruct, backend::Host>);
static_assert(!KvCache<NoTrim> && !needs::trim<NoTrim> && needs::view<NoTrim>);
static_assert(!KvCache<int>);
static_assert(Prunes<Pruning> && KvCacheOn<Pruning, backend::Host> && !Prunes<Complete>);
static_assert(KvCache<NoPassEnd> && !Prunes<NoPassEnd> && !needs::pass_end<NoPassEnd>);
static_assert(KvCache<NoSlot> && !Prunes<NoSlot> && !needs::slot<NoSlot>);
static_assert(Prunes<NoAttended> && !KvCacheOn<NoAttended, backend::Host>);
static_assert(!Prunes<StaticKvCache<quant::Float16>> && Prunes<PrunedKvCache<quant::Float16, 1024>>);

}  // namespace

TEST_CASE_TEMPLATE("bounded caches obey the laws", K, StaticKvCache<quant::Float32>, StaticKvCache<quant::Float16>,
                   StaticKvCache<quant::Int8<32>>) {
  laws::kv_cache<K>();
}

TEST_CASE_TEMPLATE("caches that prune themselves obey the laws", K, Least, Few, InStep, Coded, Never, Once) {
  laws::kv_cache<K>();
}

TEST_CASE_TEMPLATE("sliding windows obey the laws", K, One, Short, ShortWithSinks, Codes, Half, OneSlotLess, Whole,
                   Longer) {
  laws::kv_cache<K>();
}
