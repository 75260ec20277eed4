// Models whose experts take turns in memory give the bits of models that hold them all, with any cache and any number
// of slots; faults of the file are errors after which the model can be used.
#include <algorithm>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <sys/types.h>
#include <sys/wait.h>
#include <thread>
#include <type_traits>
#include <unistd.h>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/cache/hazard.hpp"
#include "asterism/cache/least_recent.hpp"
#include "asterism/cache/s3_fifo.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/expert/relu.hpp"
#include "asterism/gating/switch.hpp"
#include "asterism/generate/load_slotted.hpp"
#include "asterism/generate/write_experts.hpp"
#include "asterism/machine/machine.hpp"
#include "asterism/prefetch/concept.hpp"
#include "asterism/prefetch/mixture.hpp"
#include "asterism/prefetch/next_gate.hpp"
#include "asterism/prefetch/pattern.hpp"

#include "checkpoint/edited_checkpoint.hpp"
#include "support/files.hpp"

using namespace asterism;
using test::check_error;
using test::golden_model;
using test::TemporaryFolder;

namespace {

using Tokens = std::vector<TokenId>;

struct Resident : Blueprint {
  static constexpr Limits limits{.context = 128, .batch = 3, .prefill_chunk = 16, .threads = 2};
  using Backend = backend::HostA8;
};
struct Learnt : Resident {
  using Cache = cache::Hazard;
};
struct Recent : Resident {
  using Cache = cache::LeastRecent;
};
struct Queued : Resident {
  using Cache = cache::S3Fifo;
};
struct LookingAhead : Learnt {
  using Prefetch = prefetch::Adaptive;
};
/// Experts wait in host memory if there is a device for them, else in the file.
struct WithRam : Learnt {
  using Prefetch = prefetch::Pattern;
};
struct AskingNextRouter : Recent {
  using Prefetch = prefetch::NextGate;
};

/// Predicts nothing, and notes what it hears.
struct Overheard {
  static constexpr bool asks_next_router = true;
  struct Note {
    std::int32_t group = 0;
    std::vector<std::int32_t> used;
    std::vector<float> probabilities;
    std::vector<float> next;

    friend bool operator==(const Note&, const Note&) = default;
  };
  explicit Overheard(const prefetch::Extent& extent) { sequences = extent.sequences; }
  void observe(const prefetch::Routing& routing) {
    if (routing.phase != prefetch::Phase::decode) return;
    notes[routing.sequence].push_back({routing.group,
                                       {routing.used.begin(), routing.used.end()},
                                       {routing.probabilities.begin(), routing.probabilities.end()},
                                       {routing.next.begin(), routing.next.end()}});
  }
  std::size_t predict(std::int32_t /*group*/, View<prefetch::Prediction> /*out*/) const { return 0; }

  static inline std::int32_t sequences = 0;
  static inline std::map<std::int32_t, std::vector<Note>> notes;  ///< by sequence, of single tokens
};
struct Listening : Recent {
  using Prefetch = Overheard;
};

struct ResidentExact : Resident {
  using Backend = backend::Host;
};
struct LearntExact : ResidentExact {
  using Cache = cache::Hazard;
};
struct ResidentSwitch : Resident {
  using Gating = gating::Switch;
  template <class Q>
  using Expert = expert::Relu<Q>;
};
struct LearntSwitch : ResidentSwitch {
  using Cache = cache::Hazard;
};

/// Turns the scores of each row around.
struct Contrary {
  void adjust(std::int32_t /*layer*/, MatrixView<const float> /*x*/, MatrixView<float> scores) const {
    for (std::size_t r = 0; r < scores.rows; ++r) {
      for (float& score : scores.row(r)) score = -score;
    }
  }
  std::uint64_t version() const { return 0; }
};
struct ResidentContrary : Resident {
  using ScoreHook = const Contrary;
};
struct TurnsContrary : AskingNextRouter {
  using ScoreHook = const Contrary;
};

ProgressSink silence;

/// The file of a golden model's experts.
struct Homes {
  explicit Homes(const std::string& name) : checkpoint(golden_model(name)), path(folder / "experts") {
    write_experts<Resident>(checkpoint, path, silence);
  }
  TemporaryFolder folder;
  std::string checkpoint;
  std::string path;

  /// A machine whose device leaves room for so many slots.
  template <class B>
  Machine machine_for(std::int32_t slots, const Limits& limits = B::limits) const {
    const Shape shape = generate::read_config(checkpoint).shape;
    const placement::Plan roomy = plan<B>(equal_devices(1, 1_GiB), shape, limits);
    const Bytes others = roomy.peak(0) - roomy.bytes(0, placement::PartKind::expert_slots);
    return equal_devices(1, others + roomy.footprint.slotted.beside +
                                roomy.footprint.slotted.each * static_cast<std::uint64_t>(slots));
  }
  template <class B>
  LanguageModel<B> load_with(std::int32_t slots) const {
    return load<B>(checkpoint, {.machine = machine_for<B>(slots), .experts = path});
  }
  std::int32_t top_k() const { return generate::read_config(checkpoint).shape.top_k; }
  /// Slots for experts that are not kept.
  template <class B = Resident>
  std::int32_t passing() const {
    return std::is_same_v<typename B::Prefetch, prefetch::None> ? 2 : std::max(2, top_k());
  }
  template <class B = Resident>
  std::int32_t least() const {
    return top_k() + passing<B>();
  }
  std::int32_t all() const {
    const Shape shape = generate::read_config(checkpoint).shape;
    return shape.experts * shape.sparse_layers().size();
  }
};

Tokens prompt_of(std::int32_t count) {
  Tokens tokens;
  for (std::int32_t i = 0; i < count; ++i) tokens.push_back(3 + (i * 37 + i * i * 11) % 100);
  return tokens;
}

GenerateOptions greedy(std::int32_t max_tokens) {
  GenerateOptions options;
  options.max_tokens = max_tokens;
  options.stop_at_eos = false;
  return options;
}

template <class B>
void check_same_bits(const Homes& homes) {
  const auto resident = load<Resident>(homes.checkpoint);
  const Tokens prompt = prompt_of(50);
  auto known = resident.session();
  const std::vector<float> logits = known.logits(prompt);
  const Tokens answer = resident.session().generate_tokens(prompt, greedy(30));
  for (const std::int32_t slots :
       {homes.least<B>(), homes.least<B>() + 3, homes.all() - 1, homes.all() + homes.passing<B>()}) {
    CAPTURE(slots);
    const auto model = homes.load_with<B>(slots);
    CHECK(model.plan().expert_slots(0) == slots);
    auto session = model.session();
    CHECK(session.logits(prompt) == logits);
    CHECK(model.session().generate_tokens(prompt, greedy(30)) == answer);
    const residency::SlotCounts counts = model.slot_counts();
    CHECK(counts.uses > 0);
    CHECK(counts.hits + counts.fetched + counts.bypassed == counts.uses);
    if (slots > homes.all()) CHECK(counts.bypassed == 0);
    if (slots > homes.all()) CHECK(counts.fetched <= static_cast<std::uint64_t>(homes.all()));
    const auto second = model.session();
    const auto third = model.session();
    CHECK(model.devices()[0]->arena().high_water() == model.plan().peak(0));
    CHECK(model.devices()[0]->arena().held_by("expert slots") ==
          model.plan().bytes(0, placement::PartKind::expert_slots));
  }
}

}  // namespace

TEST_CASE("the same bits as with all experts in memory, whatever the cache and the number of slots") {
  for (const char* name : {"demo", "many_experts", "qwen3_moe_dense_step", "qwen3_next_ratio3"}) {
    CAPTURE(name);
    const Homes homes(name);
    check_same_bits<Learnt>(homes);
    check_same_bits<Recent>(homes);
    check_same_bits<Queued>(homes);
    check_same_bits<LookingAhead>(homes);
    check_same_bits<AskingNextRouter>(homes);
  }
}

TEST_CASE("experts that take turns are those that a score hook leads to") {
  const Homes homes("demo");
  const Contrary hook;
  const Tokens prompt = prompt_of(50);
  const auto resident = load<ResidentContrary>(homes.checkpoint);
  const std::vector<float> logits = resident.session({}, {.scores = &hook}).logits(prompt);
  CHECK(logits != resident.session().logits(prompt));
  const auto model = homes.load_with<TurnsContrary>(homes.least<TurnsContrary>());
  CHECK(model.session({}, {.scores = &hook}).logits(prompt) == logits);
}

TEST_CASE("the same bits with each strategy, from the slots at which it begins") {
  for (const char* name : {"demo", "many_experts"}) {
    CAPTURE(name);
    const Homes homes(name);
    const auto resident = load<Resident>(homes.checkpoint);
    const Tokens prompt = prompt_of(50);
    const Tokens answer = resident.session().generate_tokens(prompt, greedy(30));
    const std::int32_t two_layers = (10 * resident.shape().experts + 3) / 4;
    const auto check = [&]<class B>(B /*blueprint*/, std::int32_t slots, residency::Strategy expected) {
      CAPTURE(slots);
      const auto model = homes.load_with<B>(slots);
      CHECK(model.plan().expert_slots(0) == slots);
      CHECK(model.session().generate_tokens(prompt, greedy(30)) == answer);
      const residency::SlotCounts counts = model.slot_counts();
      const bool streams = expected == residency::Strategy::streaming;
      CHECK((counts.hits + counts.fetched == 0) == streams);
      const bool foretells = !std::is_same_v<typename B::Prefetch, prefetch::None>;
      CHECK(counts.looks_ahead == (foretells && !streams));
      CHECK(model.memory_report().find(concat("device 0: ", name_of(expected), ", ", slots, " slots")) !=
            std::string::npos);
      CHECK(model.devices()[0]->arena().high_water() <= model.plan().peak(0));
    };
    const auto check_all = [&](auto blueprint) {
      using residency::Strategy;
      check(blueprint, 2, Strategy::streaming);
      check(blueprint, homes.top_k() + 1, Strategy::streaming);
      check(blueprint, homes.top_k() + 2, Strategy::single_async);
      if (two_layers > homes.all()) return;  // the model has two layers
      CHECK(name == std::string("demo"));
      check(blueprint, two_layers - 1, Strategy::single_async);
      check(blueprint, two_layers, Strategy::double_buffer);
    };
    check_all(Recent());
    check_all(LookingAhead());
  }
}

TEST_CASE("experts wait in host memory, as many layers of them as it holds, the others in the file") {
  const Homes homes("many_experts");
  const auto resident = load<Resident>(homes.checkpoint);
  const Tokens prompt = prompt_of(50);
  auto known = resident.session();
  const std::vector<float> logits = known.logits(prompt);
  const Tokens answer = resident.session().generate_tokens(prompt, greedy(30));
  const Machine alone = homes.machine_for<WithRam>(homes.least<WithRam>() + 5);
  const placement::SlottedExperts& experts = plan<WithRam>(alone, resident.shape()).footprint.slotted;
  const std::int32_t layers = experts.layers.size();
  for (std::int32_t in_memory = 0; in_memory <= layers; ++in_memory) {
    CAPTURE(in_memory);
    const Bytes ram = experts.beside + experts.layer_homes() * static_cast<std::uint64_t>(in_memory) + 1_B;
    for (const bool host_first : {false, true}) {
      Machine machine;
      if (host_first) machine.add(ram, DeviceKind::host);
      machine.add(alone.capacity[0], DeviceKind::accelerator);
      if (!host_first) machine.add(ram, DeviceKind::host);
      const auto host = static_cast<std::size_t>(host_first ? 0 : 1);
      LoadOptions options{.machine = machine, .experts = homes.path};
      if (in_memory == layers) options.experts.clear();  // from the checkpoint, without a file
      const auto model = load<WithRam>(homes.checkpoint, options);
      CHECK(model.plan().homes_on_disk() ==
            experts.layer_homes() * static_cast<std::uint64_t>(layers - in_memory));
      CHECK(model.devices()[host]->arena().held_by("expert homes") == model.plan().peak(host));
      CHECK(model.session().logits(prompt) == logits);
      CHECK(model.session().generate_tokens(prompt, greedy(30)) == answer);
      const residency::SlotCounts counts = model.slot_counts();
      CHECK((counts.copied > 0) == (in_memory > 0));
      CHECK((counts.bytes > 0) == (in_memory < layers));
    }
  }
  Machine none = alone;
  none.add(experts.layer_homes() + experts.beside, DeviceKind::host);
  check_error<InvalidArgument>([&] { load<WithRam>(homes.checkpoint, {.machine = none}); },
                               {"LoadOptions::experts", "quantize --experts"});
}

TEST_CASE("a prefetcher changes what is read when, not what the cache decides nor the bits") {
  const Homes homes("many_experts");
  const auto resident = load<Resident>(homes.checkpoint);
  const auto plain = homes.load_with<Recent>(24 + homes.passing<Recent>());
  const auto asking = homes.load_with<AskingNextRouter>(24 + homes.passing<AskingNextRouter>());
  for (std::int32_t i = 0; i < 8; ++i) {
    const Tokens prompt = prompt_of(1 + i);
    const Tokens answer = resident.session().generate_tokens(prompt, greedy(60));
    CHECK(plain.session().generate_tokens(prompt, greedy(60)) == answer);
    CHECK(asking.session().generate_tokens(prompt, greedy(60)) == answer);
  }
  const residency::SlotCounts without = plain.slot_counts();
  const residency::SlotCounts with = asking.slot_counts();
  CHECK(with.hits == without.hits);
  CHECK(with.fetched == without.fetched);
  CHECK(with.bypassed == without.bypassed);
  CHECK(with.predicted > 0);
  CHECK(with.bytes >= without.bytes);
}

TEST_CASE("batches, sessions in turns and in threads have the bits of each alone") {
  const Homes homes("many_experts");
  const auto resident = load<Resident>(homes.checkpoint);
  const auto model = homes.load_with<Learnt>(homes.least() + 2);
  std::vector<Tokens> prompts = {prompt_of(40), prompt_of(3), prompt_of(21)};
  std::vector<Tokens> expected;
  for (const Tokens& prompt : prompts) expected.push_back(resident.session().generate_tokens(prompt, greedy(20)));
  auto batch = model.batch(3);
  for (const Tokens& prompt : prompts) batch.add_tokens(prompt, greedy(20));
  const auto answers = batch.run();
  for (std::size_t i = 0; i < 3; ++i) CHECK(answers[i].tokens == expected[i]);
}

TEST_CASE("of a batch a prefetcher hears each sequence as it is alone") {
  const Homes homes("many_experts");
  const auto model = homes.load_with<Listening>(homes.least<Listening>() + 2);
  CHECK(Overheard::sequences == 3);
  const std::vector<Tokens> prompts = {prompt_of(40), prompt_of(3), prompt_of(21)};
  const auto last_of = [&](const std::vector<Overheard::Note>& notes) {
    const std::ptrdiff_t count = 10 * model.shape().layers;
    REQUIRE(static_cast<std::ptrdiff_t>(notes.size()) > count);
    return std::vector<Overheard::Note>(notes.end() - count, notes.end());
  };
  std::vector<std::vector<Overheard::Note>> alone;
  for (const Tokens& prompt : prompts) {
    Overheard::notes.clear();
    model.session().generate_tokens(prompt, greedy(20));
    REQUIRE(Overheard::notes.size() == 1);
    alone.push_back(last_of(Overheard::notes.begin()->second));
  }
  Overheard::notes.clear();
  auto batch = model.batch(3);
  for (const Tokens& prompt : prompts) batch.add_tokens(prompt, greedy(20));
  batch.run();
  REQUIRE(Overheard::notes.size() == 3);
  for (const auto& expected : alone) {
    CHECK(std::ranges::count_if(Overheard::notes,
                                [&](const auto& of) { return last_of(of.second) == expected; }) == 1);
  }
}

TEST_CASE("each of two devices has slots for its own layers") {
  const Homes homes("many_experts");
  const auto resident = load<Resident>(homes.checkpoint);
  const Tokens prompt = prompt_of(50);
  const Shape shape = resident.shape();
  const placement::Plan roomy = plan<Learnt>(equal_devices(2, 1_GiB), shape);
  Machine machine = equal_devices(2, 0_B);
  for (std::size_t d = 0; d < 2; ++d)
    machine.capacity[d] = roomy.least_peak(d) + roomy.footprint.slotted.each * (1 + d);
  const auto model = load<Learnt>(homes.checkpoint, {.machine = machine, .experts = homes.path});
  CHECK(model.plan().slotted_experts(0) > 0);
  CHECK(model.plan().slotted_experts(1) > 0);
  auto known = resident.session();
  auto session = model.session();
  CHECK(session.logits(prompt) == known.logits(prompt));
  CHECK(session.generate_tokens(prompt, greedy(30)) == known.generate_tokens(prompt, greedy(30)));
  const auto second = model.session();
  const auto third = model.session();
  for (std::size_t d = 0; d < 2; ++d) CHECK(model.devices()[d]->arena().high_water() == model.plan().peak(d));
  CHECK(model.memory_report().find("experts in turns: ") != std::string::npos);
}

TEST_CASE("exact products, and experts without a gate, take turns too") {
  const Homes homes("many_experts");
  const auto resident = load<ResidentExact>(homes.checkpoint);
  const auto model = homes.load_with<LearntExact>(homes.least());
  CHECK(model.session().logits(prompt_of(40)) == resident.session().logits(prompt_of(40)));

  const TemporaryFolder folder;
  const std::string of_switch = golden_model("switch_plain");
  write_experts<ResidentSwitch>(of_switch, folder / "experts", silence);
  const auto all = load<ResidentSwitch>(of_switch);
  const placement::Plan roomy = plan<LearntSwitch>(equal_devices(1, 1_GiB), all.shape());
  const auto some = load<LearntSwitch>(
      of_switch, {.machine = equal_devices(1, roomy.least_peak(0) + roomy.footprint.slotted.each),
                  .experts = folder / "experts"});
  CHECK(some.plan().expert_slots(0) == 4);
  CHECK(some.session().logits(prompt_of(40)) == all.session().logits(prompt_of(40)));
}

TEST_CASE("a pass that is cancelled leaves slots as they can be used") {
  const Homes homes("many_experts");
  const auto resident = load<Resident>(homes.checkpoint);
  const auto model = homes.load_with<Learnt>(homes.least());
  const Tokens prompt = prompt_of(50);
  auto session = model.session();
  for (int i = 0; i < 5; ++i) {
    std::stop_source stop;
    GenerateOptions options = greedy(20);
    options.cancel = stop.get_token();
    std::jthread canceller([&] { stop.request_stop(); });
    session.generate_tokens(prompt, options);
    session.clear();
  }
  CHECK(session.generate_tokens(prompt, greedy(20)) == resident.session().generate_tokens(prompt, greedy(20)));
}

TEST_CASE("an engine refuses the file of another model") {
  const Homes homes("many_experts");
  const Homes other("demo");
  const Shape shape = generate::read_config(homes.checkpoint).shape;
  const placement::Plan planned = plan<Learnt>(equal_devices(1, 64_MiB), shape);
  const auto file =
      std::make_shared<residency::ExpertHomes>(std::make_shared<const residency::SpillFile>(other.path));
  check_error<InvalidArgument>(
      [&] {
        engine::Engine<Learnt> engine(planned, shape, Learnt::limits,
                                      engine::devices_of<Learnt>(planned, Learnt::limits), file);
      },
      {"the file holds", "the model has"});
  check_error<InvalidArgument>([&] { engine::Engine<Learnt> engine(planned, shape, Learnt::limits); },
                               {"quantize --experts"});
}

TEST_CASE("two sessions in two threads share the slots") {
  const Homes homes("many_experts");
  const auto resident = load<Resident>(homes.checkpoint);
  const auto model = homes.load_with<Recent>(homes.least());
  const std::vector<Tokens> prompts = {prompt_of(40), prompt_of(21)};
  std::vector<Tokens> found(2);
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < 2; ++i) {
      threads.emplace_back([&, i] { found[i] = model.session().generate_tokens(prompts[i], greedy(20)); });
    }
  }
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK(found[i] == resident.session().generate_tokens(prompts[i], greedy(20)));
  }
}

TEST_CASE("a pass reads an expert once for each layer, however many tokens want it") {
  const Homes homes("many_experts");
  const auto model = homes.load_with<Recent>(homes.least());
  auto session = model.session();
  session.logits(prompt_of(16));  // one chunk
  const Shape& shape = model.shape();
  const residency::SlotCounts counts = model.slot_counts();
  CHECK(counts.uses <= static_cast<std::uint64_t>(shape.experts * shape.layers));
  CHECK(counts.fetched + counts.bypassed <= counts.uses);
}

TEST_CASE("what does not fit is refused: too few slots, no file, a file without need, another model's") {
  const Homes homes("many_experts");
  check_error<BudgetExceeded>([&] { homes.load_with<Learnt>(1); }, {"1 slots for experts and needs 2"});
  check_error<InvalidArgument>([&] { load<Learnt>(homes.checkpoint, {.machine = homes.machine_for<Learnt>(9)}); },
                               {homes.checkpoint, "LoadOptions::experts", "quantize --experts"});
  check_error<InvalidArgument>([&] { load<Resident>(homes.checkpoint, {.experts = homes.path}); },
                               {"LoadOptions::experts", homes.path, "another Cache"});
  const Homes other("demo");
  check_error<FormatError>(
      [&] { load<Learnt>(homes.checkpoint, {.machine = homes.machine_for<Learnt>(9), .experts = other.path}); },
      {other.path, "the model's is"});
  check_error<FileError>(
      [&] { load<Learnt>(homes.checkpoint, {.machine = homes.machine_for<Learnt>(9), .experts = "/none"}); },
      {"/none"});
}

TEST_CASE("a damaged expert is named when it is needed; mended, the model goes on with the right bits") {
  const Homes homes("many_experts");
  const auto resident = load<Resident>(homes.checkpoint);
  const Tokens prompt = prompt_of(50);
  const Tokens expected = resident.session().generate_tokens(prompt, greedy(20));
  LoadOptions options{.machine = homes.machine_for<Recent>(homes.least()), .experts = homes.path};
  options.verify = residency::Verify::always;
  const auto model = load<Recent>(homes.checkpoint, options);
  const residency::SpillFile spill(homes.path);
  const auto flip = [&](std::int32_t member) {
    std::fstream file(homes.path, std::ios::in | std::ios::out | std::ios::binary);
    const auto at = static_cast<std::streamoff>(spill.header().offset({1, member}) + 17);
    file.seekg(at);
    const int byte = file.get();
    file.seekp(at);
    file.put(static_cast<char>(byte ^ 4));
  };
  auto session = model.session();
  for (int again = 0; again < 3; ++again) {
    for (std::int32_t e = 0; e < model.shape().experts; ++e) flip(e);
    check_error<FormatError>([&] { session.generate_tokens(prompt, greedy(20)); },
                             {homes.path, "of layer 1", "checksum"});
    for (std::int32_t e = 0; e < model.shape().experts; ++e) flip(e);
    CHECK(session.generate_tokens(prompt, greedy(20)) == expected);
    session.clear();
  }
}

TEST_CASE("a file that is truncated is an error, and one that is replaced stays the old one") {
  const Homes homes("many_experts");
  const Tokens prompt = prompt_of(50);
  const auto resident = load<Resident>(homes.checkpoint);
  const Tokens expected = resident.session().generate_tokens(prompt, greedy(20));
  const auto model = homes.load_with<Recent>(homes.least());
  write_experts<Resident>(golden_model("demo"), homes.path, silence);
  CHECK(model.session().generate_tokens(prompt, greedy(20)) == expected);
  write_experts<Resident>(homes.checkpoint, homes.path, silence);
  const auto other = homes.load_with<Recent>(homes.least());
  std::filesystem::resize_file(homes.path, (2U << 20U) + 4096);
  check_error<FileError>([&] { other.session().generate_tokens(prompt, greedy(20)); }, {homes.path, "truncated"});
}

TEST_CASE("two processes answer from one file at once, and both are right") {
  const Homes homes("many_experts");
  const std::vector<Tokens> prompts = {prompt_of(40), prompt_of(21)};
  std::vector<Tokens> expected;
  {
    const auto resident = load<Resident>(homes.checkpoint);
    for (const Tokens& prompt : prompts) {
      expected.push_back(resident.session().generate_tokens(prompt, greedy(60)));
    }
  }
  // No thread lives while the process is copied.
  const auto is_right = [&](std::size_t which) {
    const auto model = homes.load_with<LookingAhead>(homes.least<LookingAhead>());
    for (int again = 0; again < 3; ++again) {
      if (model.session().generate_tokens(prompts[which], greedy(60)) != expected[which]) return false;
    }
    return model.slot_counts().bytes > 0;
  };
  const pid_t other = ::fork();
  REQUIRE(other >= 0);
  if (other == 0) {
    int status = 2;
    try {
      status = is_right(1) ? 0 : 1;
    } catch (const std::exception&) {  // which status 2 says
    }
    ::_exit(status);
  }
  CHECK(is_right(0));
  int status = 0;
  REQUIRE(::waitpid(other, &status, 0) == other);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}
