#include "own/alternating_kv.hpp"

#include "asterism/kernels.hpp"

#include "laws/kv_cache_laws.hpp"

namespace {

struct OneBehind : AlternatingKv<5, 6> {  // stores every row one position early, but for the first
  using AlternatingKv::AlternatingKv;
  template <class Device>
  void append(Device& device, std::int32_t layer, std::size_t first, backend::DeviceMatrix<const float> keys,
              backend::DeviceMatrix<const float> values) {
    AlternatingKv::append(device, layer, first == 0 ? 0 : first - 1, keys, values);
  }
};

struct Understated : AlternatingKv<5, 6, quant::Float32> {  // the plan counts a slot too few
  using AlternatingKv::AlternatingKv;
  static constexpr Bytes layer_bytes(const Shape& shape, const Limits& limits) {
    return attention::KvStorage<quant::Float32>::layer_bytes(shape, static_cast<std::size_t>(limits.context) - 1);
  }
};

struct Amnesiac : AlternatingKv<5, 6> {  // never goes back, not even to where it is
  using AlternatingKv::AlternatingKv;
  static std::size_t trim(std::size_t) { return 0; }
};

}  // namespace

// The laws try layers 2, 3 and 4 and want them to see alike, so that a period of 2 does not pass them.
TEST_CASE_TEMPLATE("alternating caches obey the laws", K, AlternatingKv<1, 6>, AlternatingKv<5, 6>,
                   AlternatingKv<12, 6, quant::Int8<16>>, AlternatingKv<1024, 6, quant::Float32>) {
  laws::kv_cache<K>();
}

TEST_CASE("rows stored one position early are found" * doctest::should_fail()) { laws::kv_cache<OneBehind>(); }

TEST_CASE("a plan that counts too little is found" * doctest::should_fail()) { laws::kv_cache<Understated>(); }

TEST_CASE("a cache that never goes back is found" * doctest::should_fail()) { laws::kv_cache<Amnesiac>(); }
