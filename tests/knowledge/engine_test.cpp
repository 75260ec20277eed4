// Structs that lack one member are no engines.
#include "asterism/knowledge/index/engine.hpp"

#include <doctest/doctest.h>

#include "lacking/engine.hpp"
#include "support/rough_engine.hpp"

using namespace asterism::index;
using namespace asterism::lacking::engines;

namespace {

static_assert(IndexEngine<Complete>);
static_assert(IndexEngine<asterism::test::Rough>);
static_assert(!IndexEngine<NoOptions>);
static_assert(!IndexEngine<NoMaking>);
static_assert(!IndexEngine<NoSize>);
static_assert(!IndexEngine<NoBytes>);
static_assert(!IndexEngine<NoLeastRows>);
static_assert(!IndexEngine<NoTrain>);
static_assert(!IndexEngine<NoAdd>);
static_assert(!IndexEngine<NoSearch>);
static_assert(!IndexEngine<NoSave>);
static_assert(!IndexEngine<NoRestore>);

}  // namespace
