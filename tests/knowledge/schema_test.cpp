// Structs that lack a member of a schema are no models of it.
#include "asterism/knowledge/schema.hpp"

#include <doctest/doctest.h>

#include "lacking/schema.hpp"
#include "support/harbour.hpp"

using namespace asterism;
using namespace asterism::knowledge;
using namespace asterism::lacking::schemas;

static_assert(GraphSchema<Complete>);
static_assert(!GraphSchema<NoKinds> && !needs::kinds<NoKinds> && needs::names<NoKinds>);
static_assert(!GraphSchema<NoNames> && !needs::names<NoNames> && needs::kinds<NoNames>);
static_assert(!GraphSchema<NoEnds> && !needs::ends<NoEnds> && needs::kinds<NoEnds>);
static_assert(!GraphSchema<NoFunctional> && !needs::functional<NoFunctional> && needs::ends<NoFunctional>);
static_assert(!GraphSchema<NoMergeable> && !needs::mergeable<NoMergeable> && needs::ends<NoMergeable>);

TEST_CASE("sets of kinds are bits by number") {
  using Kind = test::Harbour::NodeKind;
  CHECK(kinds(Kind::ship, Kind::fact) == 0b101);
  CHECK(kinds() == 0);
  CHECK(number(Kind::note) == 3);
}
