// All shipped indexes are models of VectorIndex and obey its laws; structs that lack one member are none.
#include "asterism/knowledge/concept.hpp"

#include <doctest/doctest.h>

#include "asterism/knowledge/index/flat.hpp"
#include "asterism/knowledge/index/sharded.hpp"

#include "lacking/index.hpp"
#include "laws/index_laws.hpp"

using namespace asterism;
using namespace asterism::knowledge;
using namespace asterism::lacking::indexes;

namespace {

using Three = index::Sharded<index::Flat<>, 3>;
using One = index::Sharded<index::Flat<quant::Float32>, 1>;

static_assert(VectorIndex<Complete>);
static_assert(!VectorIndex<NoDim> && !needs::dim<NoDim> && needs::size<NoDim>);
static_assert(!VectorIndex<NoSize> && !needs::size<NoSize> && needs::dim<NoSize>);
static_assert(!VectorIndex<NoBytes> && !needs::bytes<NoBytes> && needs::size<NoBytes>);
static_assert(!VectorIndex<NoInsert> && !needs::insert<NoInsert> && needs::erase<NoInsert>);
static_assert(!VectorIndex<NoErase> && !needs::erase<NoErase> && needs::insert<NoErase>);
static_assert(!VectorIndex<NoSearch> && !needs::search<NoSearch> && needs::insert<NoSearch>);
static_assert(!VectorIndex<int>);

}  // namespace

TEST_CASE_TEMPLATE("the indexes obey the laws", I, index::Flat<quant::Float32>, index::Flat<>, Three, One) {
  laws::vector_index<I>();
}
