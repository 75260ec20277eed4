// All shipped states are models of State and obey its laws; structs that lack one member are none.
#include "asterism/attention/state.hpp"

#include <doctest/doctest.h>

#include "asterism/attention/recurrent_state.hpp"
#include "asterism/backend/host.hpp"
#include "asterism/parallel/serial.hpp"

#include "lacking/state.hpp"
#include "laws/state_laws.hpp"

using namespace asterism;
using namespace asterism::attention;
using namespace asterism::lacking::states;

using Host = backend::SerialHost;

static_assert(State<RecurrentState<2>> && StateOn<RecurrentState<>, Host> && StateOn<Complete, backend::Host>);
static_assert(!State<NoLayerBytes> && !needs::state_layer_bytes<NoLayerBytes> && needs::before<NoLayerBytes>);
static_assert(State<NoDevice> && !StateOn<NoDevice, Host> && !needs::state_construct<NoDevice, Host>);
static_assert(!State<NoBefore> && !needs::before<NoBefore> && needs::after<NoBefore>);
static_assert(!State<NoAfter> && !needs::after<NoAfter> && needs::before<NoAfter>);
static_assert(!State<NoAdvance> && !needs::advance<NoAdvance>);
static_assert(!State<NoKeep> && !needs::keep<NoKeep> && needs::keep_longest<NoKeep>);
static_assert(!State<NoKeepLongest> && !needs::keep_longest<NoKeepLongest> && needs::keep<NoKeepLongest>);
static_assert(State<NoTrim> && !StateOn<NoTrim, Host> && !needs::state_trim<NoTrim, Host>);
static_assert(!State<int>);

TEST_CASE_TEMPLATE("the states obey the laws", S, RecurrentState<2>, RecurrentState<3>, RecurrentState<4>,
                   RecurrentState<7>) {
  laws::state<S>();
}
