// All shipped policies are models of Cache and obey its laws; structs that lack one member are none.
#include "asterism/cache/concept.hpp"

#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/cache/all.hpp"
#include "asterism/cache/arc.hpp"
#include "asterism/cache/decayed_use.hpp"
#include "asterism/cache/hazard.hpp"
#include "asterism/cache/least_frequent.hpp"
#include "asterism/cache/least_recent.hpp"
#include "asterism/cache/s3_fifo.hpp"
#include "asterism/cache/static.hpp"

#include "lacking/cache.hpp"
#include "laws/cache_laws.hpp"

using namespace asterism;
using namespace asterism::cache;
using namespace asterism::lacking::caches;

namespace {

static_assert(Valued<Complete> && Valued<All> && Valued<DecayedUse> && Valued<Hazard>);
static_assert(Cache<LeastRecent> && Cache<LeastFrequent> && Cache<S3Fifo> && Cache<Arc> && Cache<Static>);
static_assert(!Valued<LeastRecent> && !Valued<LeastFrequent> && !Valued<S3Fifo> && !Valued<Arc> &&
              !Valued<Static>);
static_assert(!Cache<NoCapacity> && !needs::capacity<NoCapacity> && needs::contains<NoCapacity>);
static_assert(!Cache<NoContains> && !needs::contains<NoContains> && needs::capacity<NoContains>);
static_assert(!Cache<NoObserve> && !needs::observe<NoObserve> && needs::admit<NoObserve>);
static_assert(!Cache<NoAdmit> && !needs::admit<NoAdmit> && needs::observe<NoAdmit>);
static_assert(!Cache<NoPin> && !needs::pin<NoPin> && needs::unpin<NoPin>);
static_assert(!Cache<NoUnpin> && !needs::unpin<NoUnpin> && needs::pin<NoUnpin>);
static_assert(Cache<NoValue> && !Valued<NoValue> && !needs::value<NoValue>);
static_assert(!Cache<int>);

// A profile in which all counts differ.
Static of_profile(const Parts& parts, Bytes capacity) {
  std::vector<std::uint64_t> counts(parts.size());
  for (std::size_t i = 0; i < counts.size(); ++i) counts[i] = (7 * i + 3) % 101;
  return {parts, capacity, counts};
}

template <class C>
C bypassing(const Parts& parts, Bytes capacity) {
  return C(parts, capacity, {.bypass = true});
}

}  // namespace

TEST_CASE_TEMPLATE("the policies obey the laws", C, All, LeastRecent, LeastFrequent, DecayedUse, S3Fifo, Arc,
                   Hazard) {
  laws::cache<C>();
}

TEST_CASE("with a profile, and with other options") {
  laws::cache(of_profile);
  laws::cache(bypassing<LeastRecent>);
  laws::cache(bypassing<LeastFrequent>);
  laws::cache(bypassing<DecayedUse>);
  laws::cache(
      [](const Parts& parts, Bytes capacity) { return Hazard(parts, capacity, {.bypass = false, .top_k = 1}); });
}

TEST_CASE_TEMPLATE("no answer depends on how members are numbered", C, All, LeastRecent, LeastFrequent, DecayedUse,
                   S3Fifo, Arc, Hazard) {
  laws::names_do_not_matter([](const Parts& parts, Bytes capacity) { return C(parts, capacity); });
}

TEST_CASE("nor with other options") {
  laws::names_do_not_matter(bypassing<LeastRecent>);
  laws::names_do_not_matter(bypassing<LeastFrequent>);
  laws::names_do_not_matter(bypassing<DecayedUse>);
  laws::names_do_not_matter(
      [](const Parts& parts, Bytes capacity) { return Hazard(parts, capacity, {.bypass = false}); });
}
