// The names and the group of the activation policies.
#include "asterism/quant/activation.hpp"

#include <doctest/doctest.h>

#include "asterism/quant/integers.hpp"

using namespace asterism::quant;

TEST_CASE("policies of activations") {
  CHECK(ActivationExact::name() == "exact activations");
  CHECK(Activation8::name() == "8-bit activations");
  CHECK(Int4<>::KernelOrder::block % Activation8::group == 0);
}
