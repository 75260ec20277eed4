// All shipped key/value caches are models of KvCache and obey its laws; structs that lack one member are none.
#include "asterism/attention/concept.hpp"

#include <doctest/doctest.h>

#include "asterism/attention/bounded_kv.hpp"
#include "asterism/attention/sliding_window_kv.hpp"
#include "asterism/quant/float16.hpp"
#include "asterism/quant/float32.hpp"

#include "laws/kv_cache_laws.hpp"

using namespace asterism;
using namespace asterism::attention;

namespace {

struct Complete {
  static Bytes layer_bytes(const Shape&, const Limits&) { return {}; }
  std::size_t capacity() const { return 0; }
  template <class Device>
  void append(Device&, std::int32_t, std::size_t, backend::DeviceMatrix<const float>,
              backend::DeviceMatrix<const float>) {}
  Bytes bytes() const { return {}; }
  void view(std::int32_t) const {}
  std::size_t trim(std::size_t) { return 0; }
};
// Each hides one member.
struct NoLayerBytes : Complete {
  static void layer_bytes() {}
};
struct NoCapacity : Complete {
  void capacity() const {}
};
struct NoBytes : Complete {
  std::size_t bytes() const { return 0; }
};
struct NoView : Complete {
  void view() const {}
};

struct NoAppend : Complete {
  void append() {}
};

struct NoTrim : Complete {
  void trim(std::size_t) {}
};

// Pieces of 5 positions, a context of 37.
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
