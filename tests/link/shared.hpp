#pragma once

#include "asterism/model/plan.hpp"
#include "asterism/shape/catalogue.hpp"

struct Linked : asterism::Blueprint {
  static constexpr asterism::Shape shape = asterism::shapes::mixtral_8x7b;
};

asterism::placement::Plan plan_of_first();
asterism::placement::Plan plan_of_second();
