// All shipped key/value caches are models of KvCache and obey its laws; structs that lack one member are none.
#include "asterism/attention/concept.hpp"

#include <doctest/doctest.h>

#include "asterism/attention/bounded_kv.hpp"

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

static_assert(KvCache<Complete> && KvCache<BoundedKv<quant::Float32>> && KvCache<BoundedKv<quant::Float16>>);
static_assert(!KvCache<NoLayerBytes> && !needs::layer_bytes<NoLayerBytes> && needs::capacity<NoLayerBytes>);
static_assert(!KvCache<NoCapacity> && !needs::capacity<NoCapacity>);
static_assert(!KvCache<NoBytes> && !needs::bytes<NoBytes>);
static_assert(!KvCache<NoView> && !needs::view<NoView>);
static_assert(!KvCache<NoAppend> && !needs::append<NoAppend>);
static_assert(!KvCache<int>);

}  // namespace

TEST_CASE_TEMPLATE("the caches obey the laws", K, BoundedKv<quant::Float32>, BoundedKv<quant::Float16>) {
  laws::kv_cache<K>();
}
