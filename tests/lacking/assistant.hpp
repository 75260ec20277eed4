// A model of the contracts of an assistant, and structs that lack a member.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/assistant/concept.hpp"
#include "asterism/core/view.hpp"

namespace asterism::lacking::assistants {

struct Complete {
  View<const std::string> labels() const { return {}; }
  void classify(std::string_view, View<double>) {}
  std::vector<assistant::Choice> choose(View<const double>) const { return {}; }
  static void combine(MatrixView<const float>, View<const double>, View<float>) {}
  static std::string_view name() { return ""; }
};
// Each hides one member.
struct NoLabels : Complete {
  static int labels() { return 0; }
};
struct NoClassify : Complete {
  void classify(std::string_view) {}
};
struct NoChoose : Complete {
  static int choose(int label) { return label; }
};
struct NoCombine : Complete {
  static void combine(View<float>) {}
};
struct NoName : Complete {
  static int name() { return 0; }
};

}  // namespace asterism::lacking::assistants
