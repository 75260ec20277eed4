// Runs that stop and go on: states, logs, kills, damage.
#include "asterism/train/run.hpp"

#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <stop_token>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/random.hpp"
#include "asterism/file/new_folder.hpp"
#include "asterism/file/path.hpp"
#include "asterism/train/run_lock.hpp"

#include "support/files.hpp"
#include "trained.hpp"

using namespace asterism;
using train::RunOptions;
using train::RunResult;

namespace {

constexpr std::int64_t all_steps = 14;

template <class R = test::Short<>>
RunResult run_in(const std::string& folder, RunOptions options = {}, std::vector<float>* weights = nullptr,
                 std::int32_t threads = 2, std::uint64_t seed = 5, std::uint64_t held_out_seed = 9) {
  const train::Examples examples = test::copies(40, 100);
  const train::Examples held_out = test::copies(6, 100, held_out_seed);
  auto trainer = test::trained<R>(threads);
  train::Packing packing(examples, {.rows = train::step_rows<R>, .batch = 4, .seed = seed});
  options.folder = folder;
  options.like = test::checkpoint_folder();
  if (options.steps == 0) options.steps = all_steps;
  const RunResult out = train::run(trainer, packing, &held_out, options);
  if (weights != nullptr) *weights = test::all_weights(trainer);
  return out;
}

/// A run that is cancelled after `steps` steps.
RunResult stopped_after(const std::string& folder, std::int64_t steps, double save_seconds = 1e9) {
  struct Stop {
    std::stop_source source;
    std::int64_t after;
  } stop{{}, steps};
  RunOptions options{.save_seconds = save_seconds, .cancel = stop.source.get_token()};
  options.context = &stop;
  options.on_step = [](const train::LogLine& line, void* context) {
    auto& self = *static_cast<Stop*>(context);
    if (line.report.step + 1 == self.after) self.source.request_stop();
  };
  return run_in(folder, options);
}

std::vector<float> undisturbed() {
  const test::TemporaryFolder folder;
  std::vector<float> weights;
  CHECK(run_in(folder.path(), {}, &weights).complete);
  return weights;
}

std::string error_of(const std::string& folder, std::uint64_t seed = 5, std::uint64_t held_out_seed = 9) {
  try {
    run_in(folder, {}, nullptr, 2, seed, held_out_seed);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

void change_byte(const std::string& path, std::uintmax_t at) {
  std::string bytes = file::read_file(path, 1U << 30U);
  bytes[at] = static_cast<char>(bytes[at] ^ 0x10);
  test::write_file(path, bytes);
}

}  // namespace

TEST_CASE("a run that was stopped ends with the bits of one that was not") {
  const std::vector<float> expected = undisturbed();
  const test::TemporaryFolder folder;
  const RunResult first = stopped_after(folder.path(), 5);
  CHECK(!first.complete);
  CHECK(first.progress.step == 5);
  std::vector<float> weights;
  const RunResult second = run_in(folder.path(), {}, &weights, 3);
  CHECK(second.resumed == 5);
  CHECK(second.complete);
  CHECK(weights == expected);
  const auto log = train::Log::read(folder / "log.jsonl");
  REQUIRE(log.size() == all_steps);
  for (std::size_t i = 0; i < log.size(); ++i) CHECK(log[i].report.step == static_cast<std::int64_t>(i + 1));
  CHECK(log.back().held_out.has_value());
  CHECK(log.back().report.pass.loss < log.front().report.pass.loss);
  // The state is a checkpoint: the same weights from it.
  auto again = test::trained();
  train::load_weights(train::States(folder.path(), "", Architecture::mixtral).path_of(all_steps), again);
  CHECK(test::all_weights(again) == expected);
  // There is nothing left to do.
  CHECK(run_in(folder.path()).resumed == all_steps);
}

TEST_CASE("neither what is computed again nor the number of threads changes a bit") {
  const std::vector<float> expected = undisturbed();
  const auto same = [&]<class R>(R, std::int32_t threads) {
    const test::TemporaryFolder folder;
    std::vector<float> weights;
    run_in<R>(folder.path(), {}, &weights, threads);
    return weights == expected;
  };
  CHECK(same(test::Short<>{}, 1));
  CHECK(same(test::Short<>{}, 8));
  CHECK(same(test::Short<train::recompute::Experts>{}, 3));
  CHECK(same(test::Short<train::recompute::Layers>{}, 2));
  CHECK(same(test::Short<train::recompute::Every<2>>{}, 2));
}

TEST_CASE("the last two states and the best one are kept") {
  const test::TemporaryFolder folder;
  run_in(folder.path(), {.save_seconds = 0});
  const train::States states(folder.path(), "", Architecture::mixtral);
  const std::vector<std::int64_t> steps = states.steps();
  CHECK(steps.size() >= 2);
  CHECK(steps.size() <= 3);
  CHECK(steps[steps.size() - 2] == all_steps - 1);
  CHECK(steps.back() == all_steps);
  double least = 1e9;
  std::int64_t best = 0;
  for (const auto& line : train::Log::read(folder / "log.jsonl")) {
    if (line.held_out && *line.held_out < least) {
      least = *line.held_out;
      best = line.report.step;
    }
  }
  CHECK(std::find(steps.begin(), steps.end(), best) != steps.end());
}

TEST_CASE("another recipe is refused with the difference") {
  const test::TemporaryFolder folder;
  stopped_after(folder.path(), 4);
  const std::string error = error_of(folder.path(), 6);
  CHECK(error.find("seed: 5 in the state, 6 now") != std::string::npos);
  CHECK(error.find("optimizer") == std::string::npos);
  CHECK(error.find("data") == std::string::npos);
  auto trainer = test::trained();
  const train::Examples examples = test::copies(40, 100);
  const train::Packing in_order(examples, {.rows = 96, .batch = 4, .shuffled = false});
  CHECK(train::recipe_of(trainer, in_order, nullptr, 5)["order"] == "that of the file");
  const std::string other = error_of(folder.path(), 5, 8);
  CHECK(other.find("\n  held-out data: fingerprint ") != std::string::npos);
  CHECK(other.find("\n  data") == std::string::npos);
}

namespace {

struct Adapted : test::Short<> {
  static constexpr train::Adapters adapters{.attention = 2, .experts = 2, .alpha = 4};
};

std::vector<float> adapted_in(const std::string& folder, std::stop_token cancel = {}, std::string model = "one") {
  const train::Examples examples = test::copies(40, 100);
  auto trainer = test::trained<Adapted>();
  trainer.reset_adapters(3);
  train::Packing packing(examples, {.rows = train::step_rows<Adapted>, .batch = 4, .seed = 5});
  train::run(trainer, packing, nullptr,
             {.folder = folder,
              .like = test::checkpoint_folder(),
              .steps = all_steps,
              .cancel = std::move(cancel),
              .also = {{"model", std::move(model)}}});
  return test::all_weights(trainer);
}

}  // namespace

TEST_CASE("states of adapters are PEFT's files, from which a run goes on to the same bits") {
  const test::TemporaryFolder whole;
  const std::vector<float> expected = adapted_in(whole.path());
  const test::TemporaryFolder folder;
  std::stop_source stop;
  stop.request_stop();
  CHECK(adapted_in(folder.path(), stop.get_token()) != expected);
  const train::States states(folder.path(), "", Architecture::mixtral);
  REQUIRE(states.steps() == std::vector<std::int64_t>{1});
  CHECK(file::folder_entries(states.path_of(1)) ==
        std::vector<std::string>{"adapter_config.json", "adapter_model.safetensors", "optimizer.safetensors",
                                 "training.json"});
  CHECK_THROWS_WITH_AS(adapted_in(folder.path(), {}, "another"),
                       doctest::Contains("model: one in the state, another now"), InvalidArgument);
  CHECK(adapted_in(folder.path()) == expected);
  auto again = test::trained<Adapted>();
  train::load_adapters(states.path_of(all_steps), again);
  CHECK(test::all_weights(again) == expected);
  change_byte(states.path_of(all_steps) + "/adapter_model.safetensors",
              std::filesystem::file_size(states.path_of(all_steps) + "/adapter_model.safetensors") - 20);
  CHECK_THROWS_WITH_AS(adapted_in(folder.path()), doctest::Contains("adapter_model.safetensors: its checksum"),
                       FormatError);
}

TEST_CASE("a damaged state is named, and the one before it goes on") {
  const std::vector<float> expected = undisturbed();
  for (const char* name : {"model.safetensors", "optimizer.safetensors", "training.json"}) {
    for (const bool cut : {false, true}) {
      CAPTURE(name);
      CAPTURE(cut);
      const test::TemporaryFolder folder;
      stopped_after(folder.path(), 6, 0);
      const train::States states(folder.path(), "", Architecture::mixtral);
      const std::string path = states.path_of(6) + "/" + name;
      const std::uintmax_t size = std::filesystem::file_size(path);
      if (cut) {
        std::filesystem::resize_file(path, size / 2);
      } else {
        change_byte(path, size - 20);
      }
      const std::string error = error_of(folder.path());
      CHECK(error.find(name) != std::string::npos);
      CHECK(error.find("remove " + states.path_of(6) + " to go on from " + states.path_of(5)) !=
            std::string::npos);
      std::filesystem::remove_all(states.path_of(6));
      std::vector<float> weights;
      CHECK(run_in(folder.path(), {}, &weights).resumed == 5);
      CHECK(weights == expected);
    }
  }
}

TEST_CASE("a run that is killed anywhere, while it saves too, ends with the same bits") {
  const char* often = std::getenv("ASTERISM_KILLS");
  const int most = often == nullptr ? 12 : std::atoi(often);
  const std::int64_t steps = often == nullptr ? 60 : 8 * std::int64_t{most};
  std::vector<float> expected;
  {
    const test::TemporaryFolder folder;
    run_in(folder.path(), {.steps = steps}, &expected);
  }
  const test::TemporaryFolder folder;
  Random random(4);
  int kills = 0;
  std::int64_t resumed = 0;
  while (kills < most) {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      try {
        RunOptions options{.steps = steps, .save_seconds = 0.002 * static_cast<double>(kills % 3)};
        options.context = &ends[1];
        options.on_step = [](const train::LogLine& line, void* context) {
          const std::int64_t step = line.report.step;
          if (::write(*static_cast<int*>(context), &step, sizeof step) != sizeof step) ::_exit(2);
        };
        run_in(folder.path(), options, nullptr, 1);
        ::_exit(0);
      } catch (const std::exception&) {
        ::_exit(1);
      }
    }
    ::close(ends[1]);
    // After a few of its steps, and then anywhere in one or in a state.
    std::int64_t step = 0;
    std::int64_t first = 0;
    for (std::uint64_t wait = 1 + random.below(6); wait > 0; --wait) {
      if (::read(ends[0], &step, sizeof step) != sizeof step) break;
      if (first == 0) first = step;
    }
    if (first > 1) resumed = first;
    ::usleep(static_cast<useconds_t>(random.below(4000)));
    ::kill(child, SIGKILL);
    ::close(ends[0]);
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    if (WIFEXITED(status)) {
      REQUIRE(WEXITSTATUS(status) == 0);
      break;  // it was complete before
    }
    ++kills;
  }
  CHECK(kills >= 4);
  CHECK(resumed > 1);
  std::vector<float> weights;
  CHECK(run_in(folder.path(), {.steps = steps, .save_seconds = 0}, &weights).complete);
  CHECK(weights == expected);
  CHECK(train::Log::read(folder / "log.jsonl").size() == static_cast<std::size_t>(steps));
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    const std::string name = entry.path().filename().string();
    CAPTURE(name);
    CHECK(name.find(".partial-") == name.npos);
    CHECK(name.find(".removed") == name.npos);
  }
}

TEST_CASE("a disk that is full ends a run with an error, and the older state goes on") {
  const std::vector<float> expected = undisturbed();
  const test::TemporaryFolder folder;
  stopped_after(folder.path(), 5);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    // No file may grow beyond 8 KiB: what a full disk does to a write.
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{8192, 8192};
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) ::_exit(3);
    try {
      run_in(folder.path(), {.save_seconds = 0}, nullptr, 1);
    } catch (const FileError& error) {
      ::_exit(std::string(error.what()).find("step-00000006") != std::string::npos ? 10 : 11);
    } catch (const std::exception&) {
      ::_exit(2);
    }
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 10);
  std::vector<float> weights;
  CHECK(run_in(folder.path(), {}, &weights).resumed == 5);
  CHECK(weights == expected);
}

TEST_CASE("one trainer makes several runs, each from the beginning") {
  const train::Examples examples = test::copies(40, 100);
  auto trainer = test::trained();
  train::Packing packing(examples, {.rows = train::step_rows<test::Short<>>, .batch = 4, .seed = 5});
  const std::vector<float> expected = undisturbed();
  for (int time = 0; time < 2; ++time) {
    const test::TemporaryFolder folder;
    train::load_weights(test::checkpoint_folder(), trainer);
    const RunResult result =
        train::run(trainer, packing, nullptr,
                   {.folder = folder.path(), .like = test::checkpoint_folder(), .steps = all_steps});
    CHECK(result.complete);
    CHECK(test::all_weights(trainer) == expected);
  }
  CHECK_THROWS_AS(trainer.step({}, 100), InvalidArgument);
}

TEST_CASE("what can't end well is refused before the first step") {
  const train::Examples examples = test::copies(40, 100);
  auto trainer = test::trained();
  train::Packing packing(examples, {.rows = train::step_rows<test::Short<>>, .batch = 4, .seed = 5});
  const test::TemporaryFolder folder;
  const auto start = [&](const train::Examples* held_out, const std::string& like) {
    return train::run(trainer, packing, held_out, {.folder = folder.path(), .like = like, .steps = 5});
  };
  const std::string like = test::checkpoint_folder();
  train::Examples long_one;
  const std::vector<TokenId> ids(25, 3);
  std::vector<std::uint8_t> counts(25, 1);
  counts.back() = 0;
  long_one.add({ids, counts});
  CHECK_THROWS_WITH_AS(start(&long_one, like), doctest::Contains("the held-out examples have one of 25 tokens"),
                       InvalidArgument);
  train::Examples strange;
  const std::vector<TokenId> unknown{1, 100000, 2};
  const std::vector<std::uint8_t> some{1, 1, 0};
  strange.add({unknown, some});
  CHECK_THROWS_WITH_AS(start(&strange, like), doctest::Contains("the token 100000"), InvalidArgument);
  CHECK_THROWS_WITH_AS(start(nullptr, folder / "nowhere"), doctest::Contains("config.json: no such file"),
                       FileError);
  const train::RunLock lock(folder.path());
  CHECK_THROWS_WITH_AS(start(nullptr, like), doctest::Contains("another run is at work here"), FileError);
  CHECK(trainer.steps() == 0);
}

TEST_CASE("a thousand steps draw nothing, whatever is computed again") {
  const auto holds = []<class R>(R, int steps) {
    const train::Examples examples = test::copies(40, 100);
    auto trainer = test::trained<R>();
    train::Packing packing(examples, {.rows = train::step_rows<R>, .batch = 4, .seed = 5});
    backend::Arena& arena = trainer.devices()[0]->arena();
    const std::uint64_t before = arena.allocations();
    for (int i = 0; i < steps; ++i) {
      const train::PackedStep step = packing.next();
      trainer.step({step.tokens, step.ends, step.targets, step.weights}, steps);
    }
    return arena.allocations() == before && arena.high_water() == trainer.plan().total();
  };
  CHECK(holds(test::Short<>{}, 1000));
  CHECK(holds(test::Short<train::recompute::Experts>{}, 20));
  CHECK(holds(test::Short<train::recompute::Layers>{}, 20));
  CHECK(holds(test::Short<train::recompute::Every<2>>{}, 20));
}
