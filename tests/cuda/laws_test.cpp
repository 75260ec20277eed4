// cuda::Backend obeys the laws of all backends.
#include <doctest/doctest.h>

#include "asterism/cuda/backend.hpp"

#include "laws/backend_laws.hpp"

using namespace asterism;

TEST_CASE("cuda::Backend obeys the laws") { laws::backend<cuda::Backend>(); }
