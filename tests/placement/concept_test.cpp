// All shipped policies are models of Placement and obey its laws; structs that lack the member are none.
#include "asterism/placement/concept.hpp"

#include <doctest/doctest.h>

#include "asterism/machine/machine.hpp"
#include "asterism/placement/accelerators_first.hpp"
#include "asterism/placement/balanced.hpp"
#include "asterism/placement/balanced_low_first.hpp"
#include "asterism/placement/explicit.hpp"
#include "asterism/placement/sequential.hpp"

#include "lacking/placement.hpp"
#include "laws/placement_laws.hpp"

using namespace asterism;
using namespace asterism::placement;
using namespace asterism::lacking::placements;

namespace {

struct NotStatic {
  Plan plan(const MemoryFootprint&, const Machine&) const;
};
struct ReturnsCuts {
  static Cuts plan(const MemoryFootprint&, const Machine&);
};

static_assert(Placement<Complete> && Placement<Balanced> && Placement<Sequential>);
static_assert(Placement<BalancedLowFirst> && Placement<Explicit<14, 18>> &&
              Placement<AcceleratorsFirst<Balanced>>);
static_assert(!Placement<NoPlan> && !needs::plan<NoPlan>);
static_assert(!Placement<NotStatic> && !Placement<ReturnsCuts>);

}  // namespace

TEST_CASE_TEMPLATE("the policies obey the laws", P, Balanced, BalancedLowFirst, Sequential,
                   AcceleratorsFirst<Balanced>, AcceleratorsFirst<BalancedLowFirst>,
                   AcceleratorsFirst<BalancedLowFirst, HostPlacement::any_width>) {
  laws::placement<P>();
}
