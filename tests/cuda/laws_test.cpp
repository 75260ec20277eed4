// cuda::Backend obeys the laws of all backends, and those of the recurrent family.
#include <doctest/doctest.h>

#include "asterism/cuda/backend.hpp"

#include "laws/backend_laws.hpp"
#include "laws/recurrent_laws.hpp"

using namespace asterism;

TEST_CASE("cuda::Backend obeys the laws") { laws::backend<cuda::Backend>(); }
TEST_CASE("cuda::Backend obeys the recurrent laws") { laws::recurrent<cuda::Backend>(); }
