// States on disk, apart from a run.
#include "asterism/train/state.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/file/new_folder.hpp"
#include "asterism/file/path.hpp"

#include "support/files.hpp"

using namespace asterism;
using train::Parameter;
using train::Progress;
using train::States;

namespace {

/// Two tensors that learn, and a folder with the model's config.json.
struct Two {
  std::vector<float> weights = {1, 2, 3, 4, 5, 6, 7, 8};
  std::vector<std::byte> states = std::vector<std::byte>(24, std::byte{7});
  std::vector<Parameter> parameters = {
      {.name = "a.weight", .weights = {weights.data(), 2, 3}, .state = {states.data(), 16}},
      {.name = "b.weight",
       .weights = {weights.data() + 6, 1, 2},
       .state = {states.data() + 16, 8},
       .kind = train::Kind::vector}};
  test::TemporaryFolder folder;
  std::string like = folder / "like";

  Two() {
    std::filesystem::create_directory(like);
    test::write_file(like + "/config.json", "{}");
  }
  States states_in(const std::string& name) const { return {folder / name, like, Architecture::mixtral}; }
};

}  // namespace

TEST_CASE("a state brings weights, optimizer and progress back") {
  Two two;
  States states = two.states_in("run");
  CHECK(!states.load_last(two.parameters, {}).has_value());
  const Progress progress{.step = 12,
                          .position = {.epoch = 3, .example = 4, .step = 12},
                          .tokens = 999,
                          .seconds = 1.25,
                          .held_out = 0.5,
                          .recipe = {{"seed", "1"}, {"order", "shuffled"}}};
  states.save(two.parameters, progress);
  const std::vector<float> weights = two.weights;
  const std::vector<std::byte> optimizer = two.states;
  two.weights.assign(8, 0);
  two.states.assign(24, std::byte{0});
  const auto found = states.load_last(two.parameters, progress.recipe);
  REQUIRE(found.has_value());
  CHECK(two.weights == weights);
  CHECK(two.states == optimizer);
  CHECK(found->step == 12);
  CHECK(found->position == progress.position);
  CHECK(found->tokens == 999);
  CHECK(found->seconds == 1.25);
  CHECK(found->held_out == 0.5);
  CHECK(found->recipe == progress.recipe);
}

TEST_CASE("every difference of recipes is named, those that only one of them has too") {
  Two two;
  States states = two.states_in("run");
  states.save(two.parameters, {.step = 1, .recipe = {{"seed", "1"}, {"old", "a"}, {"same", "x"}}});
  try {
    states.load_last(two.parameters, {{"seed", "2"}, {"new", "b"}, {"same", "x"}});
    CHECK(false);
  } catch (const InvalidArgument& error) {
    const std::string text = error.what();
    CHECK(text.find("\n  seed: 1 in the state, 2 now") != text.npos);
    CHECK(text.find("\n  old: a in the state, not set now") != text.npos);
    CHECK(text.find("\n  new: not set in the state, b now") != text.npos);
    CHECK(text.find("same") == text.npos);
  }
}

TEST_CASE("steps are those of whole names, and leftovers go, but nothing else") {
  Two two;
  States states = two.states_in("run");
  states.save(two.parameters, {.step = 7});
  states.save(two.parameters, {.step = 123456789});
  for (const char* name : {"step-0000001", "step-0000000x", "step-", "other", "step-00000003.removed",
                           "step-00000004.partial-17", "mine.removed", "mine.partial-3"}) {
    std::filesystem::create_directory(states.folder() + "/" + name);
  }
  CHECK(states.steps() == std::vector<std::int64_t>{7, 123456789});
  CHECK(states.path_of(7) == states.folder() + "/step-00000007");
  states.remove_leftovers();
  CHECK(file::folder_entries(states.folder()) ==
        std::vector<std::string>{"mine.partial-3", "mine.removed", "other", "step-", "step-00000007",
                                 "step-0000000x", "step-0000001", "step-123456789"});
}

TEST_CASE("the last two states and the best stay, whatever the best is") {
  Two two;
  States states = two.states_in("run");
  const double losses[] = {3, 1, 2, 4, 5};
  for (std::int64_t step = 1; step <= 5; ++step)
    states.save(two.parameters, {.step = step, .held_out = losses[step - 1]});
  CHECK(states.steps() == std::vector<std::int64_t>{2, 4, 5});
  States unmeasured = two.states_in("other");
  for (std::int64_t step = 1; step <= 5; ++step) unmeasured.save(two.parameters, {.step = step});
  CHECK(unmeasured.steps() == std::vector<std::int64_t>{4, 5});
}

TEST_CASE("tensors that are others are refused by name") {
  Two two;
  States states = two.states_in("run");
  states.save(two.parameters, {.step = 1});
  std::vector<Parameter> others = two.parameters;
  others[1].state.size = 4;
  CHECK_THROWS_WITH_AS(states.load_last(others, {}),
                       doctest::Contains("the optimizer's state of b.weight has 8 bytes, expected 4"),
                       FormatError);
  others[1].name = "c.weight";
  CHECK_THROWS_WITH_AS(states.load_last(others, {}), doctest::Contains("c.weight"), Error);
  CHECK_THROWS_WITH_AS(States(two.folder / "run", two.folder / "nothing", Architecture::mixtral),
                       doctest::Contains("config.json: no such file"), FileError);
}
