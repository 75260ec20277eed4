// Names of parts: comparable, ordered by group, then member.
#include "asterism/core/part_id.hpp"

#include <doctest/doctest.h>

using namespace asterism;

static_assert(PartId{1, 2} == PartId{1, 2} && PartId{1, 2} != PartId{2, 1});
static_assert(PartId{1, 9} < PartId{2, 0} && PartId{1, 2} < PartId{1, 3});

template <PartId id>
constexpr int as_template_argument = id.group;
static_assert(as_template_argument<PartId{4, 5}> == 4);

TEST_CASE("a default part is the first of all") { CHECK(PartId{} == PartId{0, 0}); }
