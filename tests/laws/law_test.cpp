// A law that does not hold is reported once: its sentence, the model, and the smallest case that was found.
#include "laws/law.hpp"

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/gating/softmax_top_k.hpp"
#include "asterism/placement/balanced.hpp"
#include "asterism/quant/kernel_order_templates.hpp"

#include "laws/gating_laws.hpp"
#include "laws/placement_laws.hpp"
#include "laws/quantization_laws.hpp"
#include "own/mx_int8.hpp"

using namespace asterism;

namespace {

struct Twice : gating::SoftmaxTopK {  // the best expert comes twice
  using SoftmaxTopK::SoftmaxTopK;
  void route(View<float> scores, View<gating::Route> out) const {
    SoftmaxTopK::route(scores, out);
    out[out.size - 1].expert = out[0].expert;
  }
};

struct LastLeftOut {  // the device before the last gets its layers too
  static constexpr placement::Plan plan(const placement::MemoryFootprint& parts, const Machine& machine) {
    const placement::Plan plan = placement::Balanced::plan(parts, machine);
    placement::Cuts cuts = plan.cuts;
    if (machine.devices > 1) cuts[machine.devices - 1] = cuts[machine.devices];
    return placement::assemble(parts, machine, cuts, false);
  }
};

struct Unsigned : MxInt8 {  // forgets the sign
  static void decode(quant::MatrixRef<Unsigned> from, std::uint64_t first, View<float> out) {
    MxInt8::decode({from.data, from.rows, from.cols}, first, out);
    for (float& x : out) x = std::fabs(x);
  }
  static double error_bound(quant::MatrixRef<Unsigned> from, std::uint64_t i, float original) {
    return MxInt8::error_bound({from.data, from.rows, from.cols}, i, original);
  }
};

/// The complaint that ends `laws` has these parts, and is short.
template <class Laws>
void check_complaint(const Laws& all, const std::vector<std::string>& parts) {
  std::string text;
  try {
    all();
  } catch (const laws::LawBroken& broken) {
    text = broken.what();
  }
  CAPTURE(text);
  CHECK(text.size() < 1000);
  for (const std::string& part : parts) CHECK(text.find(part) != std::string::npos);
}

}  // namespace

TEST_CASE("a broken law says its sentence, the model and the smallest case") {
  check_complaint(
      [] { laws::gating<Twice>(); },
      {"Twice breaks the law: experts of one row are distinct and exist\n  where 8 experts, scores ["});
  check_complaint([] { laws::placement<LastLeftOut>(); },
                  {"LastLeftOut breaks the law: where some cut keeps every budget the plan does", "  where ",
                   " on 2 devices of ", "plan: cuts 0 "});
  check_complaint([] { laws::quantization<Unsigned>(); },
                  {"Unsigned breaks the law: what comes back lies within error_bound", "  where ", " rows of 1,"});
}

TEST_CASE("a law that holds says nothing, and shows no part of a case") {
  const laws::Law law("one is one", "arithmetic");
  law.holds(true, []() -> std::string { throw std::logic_error("shown"); });
  law.same_bits(std::vector<float>{1}, std::vector<float>{1});
  law.throws<std::logic_error>([] { throw std::logic_error("expected"); });
}

TEST_CASE("the first value that differs, and what was thrown instead, are named") {
  const laws::Law law("rows are alike", "Model");
  check_complaint(
      [&] {
        law.same_bits(std::vector<float>{1, 2, 5}, std::vector<float>{1, 3, 4}, "row ", 7);
      },
      {"Model breaks the law: rows are alike\n  where row 7: value 1 is 2, expected 3"});
  check_complaint(
      [&] {
        law.same_bits(std::vector<float>{1}, std::vector<float>{1, 3}, "row");
      },
      {"row: 1 values, expected 2"});
  check_complaint([&] { law.throws<std::logic_error>([] { throw std::runtime_error("oh"); }, "call"); },
                  {"call: threw something else: oh"});
  check_complaint([&] { law.throws<std::logic_error>([] {}, "call"); }, {"call: threw nothing"});
}

TEST_CASE("values of a case are shown up to 16 of them") {
  CHECK(laws::some_of(std::vector<int>{1, 2}) == "[1, 2]");
  CHECK(laws::some_of(std::vector<int>(20)).size() == 16 * 3 + 5);
}
