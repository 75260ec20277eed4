// The rules of a sequence, each broken once.
#include "asterism/lab/routed_sequence.hpp"

#include <limits>
#include <string>

#include <doctest/doctest.h>

#include "asterism/core/random.hpp"

#include "lab/routing_traces.hpp"

using namespace asterism;
using namespace asterism::lab;
using Field = RoutingFault::Field;

namespace {

constexpr RoutingSizes sizes{.layers = 2, .experts = 5, .top_k = 3};

/// Two tokens; the choices of the second one in layer 1 begin at 9.
RoutedSequence sound() {
  return {.label = "label",
          .prompt_tokens = 1,
          .tokens = {7, 0},
          .choices = {{0, 0.5F},
                      {1, 0.25F},
                      {2, 0.0F},
                      {4, 1.0F},
                      {3, 0.0F},
                      {0, 0.0F},
                      {1, 0.5F},
                      {0, 0.25F},
                      {4, 0.0F},
                      {2, 0.5F},
                      {3, 0.5F},
                      {1, 0.5F}}};
}

template <class Change>
void check_fault(Field field, std::size_t index, const std::string& what, const Change& change) {
  RoutedSequence sequence = sound();
  change(sequence);
  const auto fault = fault_in(sequence, sizes);
  CAPTURE(what);
  REQUIRE(fault.has_value());
  CHECK(fault->field == field);
  CHECK(fault->index == index);
  CHECK(fault->what == what);
}

}  // namespace

TEST_CASE("sizes that a router can have") {
  CHECK(are_possible({1, 1, 1}));
  CHECK(are_possible({3, 65536, 65536}));
  for (const RoutingSizes wrong :
       {RoutingSizes{0, 1, 1}, RoutingSizes{-1, 1, 1}, RoutingSizes{1, 1, 0}, RoutingSizes{1, 1, -1},
        RoutingSizes{1, 2, 3}, RoutingSizes{1, 65537, 1}, RoutingSizes{}}) {
    CHECK_FALSE(are_possible(wrong));
  }
  CHECK(to_string(sizes) == "2 layers, 5 experts, top 3");
  CHECK(sizes.choices_per_token() == 6);
}

TEST_CASE("sequences that keep the rules") {
  CHECK_FALSE(fault_in(sound(), sizes).has_value());
  CHECK_FALSE(fault_in({}, sizes).has_value());
  Random random(1);
  for (const RoutingSizes some : {RoutingSizes{1, 1, 1}, sizes, RoutingSizes{3, 300, 10}}) {
    CHECK_FALSE(fault_in(test::random_sequence(some, 20, random), some).has_value());
  }
}

TEST_CASE("each rule that is broken is named with its place") {
  check_fault(Field::label, 0, "the label is not UTF-8", [](auto& s) { s.label = "\xC3"; });
  check_fault(Field::prompt_tokens, 0,
              "3 prompt tokens, expected at most 2, the number of all tokens that have routes",
              [](auto& s) { s.prompt_tokens = 3; });
  check_fault(Field::tokens, 1, "token 1 has the id -1, expected >= 0", [](auto& s) { s.tokens[1] = -1; });
  check_fault(Field::experts, 0, "11 choices, expected 12", [](auto& s) { s.choices.pop_back(); });
  check_fault(Field::experts, 10, "token 1, layer 1, choice 1: expert 5, expected 0 to 4",
              [](auto& s) { s.choices[10].expert = 5; });
  check_fault(Field::experts, 0, "token 0, layer 0, choice 0: expert -1, expected 0 to 4",
              [](auto& s) { s.choices[0].expert = -1; });
  check_fault(Field::experts, 8, "token 1, layer 0, choice 2: expert 1 a second time, expected distinct experts",
              [](auto& s) { s.choices[8].expert = 1; });
  check_fault(Field::experts, 4, "token 0, layer 1, choice 1: expert 4 a second time, expected distinct experts",
              [](auto& s) { s.choices[4].expert = 4; });
  check_fault(Field::probabilities, 3, "token 0, layer 1, choice 0: probability 1.5, expected 0 to 1",
              [](auto& s) { s.choices[3].probability = 1.5F; });
  check_fault(Field::probabilities, 5, "token 0, layer 1, choice 2: probability -0.5, expected 0 to 1",
              [](auto& s) { s.choices[5].probability = -0.5F; });
  check_fault(Field::probabilities, 0, "token 0, layer 0, choice 0: probability nan, expected 0 to 1",
              [](auto& s) { s.choices[0].probability = std::numeric_limits<float>::quiet_NaN(); });
  check_fault(Field::probabilities, 7,
              "token 1, layer 0, choice 1: probability 0.75 behind 0.5, expected descending ones",
              [](auto& s) { s.choices[7].probability = 0.75F; });
  check_fault(Field::passes, 1, "pass 1 has no token, expected at least 1", [](auto& s) { s.passes = {1, 0, 1}; });
  check_fault(Field::passes, 1, "the passes up to 1 have 4 tokens, expected at most 2", [](auto& s) {
    s.passes = {1, 3};
  });
  check_fault(Field::passes, 0, "all passes have 1 tokens, expected 2", [](auto& s) { s.passes = {1}; });
  check_fault(Field::all_probabilities, 0, "3 probabilities, expected 20 or none", [](auto& s) {
    s.probabilities = {0, 0, 0};
  });
  check_fault(Field::guesses, 0, "20 guesses, expected 10 or none", [](auto& s) { s.guesses.resize(20); });
  check_fault(Field::guesses, 6, "token 1, layer 0, expert 1: guesses have 2, expected 0 to 1", [](auto& s) {
    s.guesses.resize(10);
    s.guesses[6] = 2;
  });
  check_fault(Field::all_probabilities, 0,
              "token 0, expert 0: a probability of 0 among all, but of 0.5 as a choice, "
              "expected the same",
              [](auto& s) { s.probabilities.resize(20); });
}
