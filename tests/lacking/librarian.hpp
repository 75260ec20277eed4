// A model of all policies of the librarian, and structs that each lack one member of one.
#pragma once

#include "asterism/librarian/concept.hpp"

namespace asterism::lacking::librarians {

struct Complete {
  static constexpr double join = 0.9;
  static constexpr double merge = 0.95;
  static double of(View<const float>, View<const float>) { return 0; }
  static bool allows(const librarian::Statement&, const librarian::Statement&) { return false; }
  static knowledge::Node combine(View<const knowledge::Node> members) { return members[0]; }
  static librarian::Verdict decide(const knowledge::Edge&, const knowledge::Edge&) {
    return librarian::Verdict::refuse;
  }
  static double worth(const knowledge::Node&, const knowledge::Use&, knowledge::Time) { return 0; }
};
// Each hides one member.
struct NoOf : Complete {
  static float of(View<const float>, View<const float>) { return 0; }
};
struct NoThresholds : Complete {
 private:
  using Complete::join;
};
struct NoAllows : Complete {
  static bool allows(const librarian::Statement&) { return false; }
};
struct NoCombine : Complete {
  static knowledge::Node combine(const knowledge::Node& node) { return node; }
};
struct NoDecide : Complete {
  static bool decide(const knowledge::Edge&, const knowledge::Edge&) { return false; }
};
struct NoWorth : Complete {
  static double worth(const knowledge::Node&) { return 0; }
};

}  // namespace asterism::lacking::librarians
