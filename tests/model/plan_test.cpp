// The plan: what it counts is what is allocated, kind by kind, and what it says of Mixtral 8x7B.
#include "asterism/model/plan.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/attention/pruned_kv_cache.hpp"
#include "asterism/cache/least_recent.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/error.hpp"
#include "asterism/machine/catalogue.hpp"
#include "asterism/machine/machine.hpp"
#include "asterism/model/slotted_experts.hpp"
#include "asterism/placement/accelerators_first.hpp"
#include "asterism/placement/balanced_low_first.hpp"
#include "asterism/placement/explicit.hpp"
#include "asterism/placement/sequential.hpp"
#include "asterism/prefetch/next_gate.hpp"
#include "asterism/prefetch/pattern.hpp"
#include "asterism/shape/catalogue.hpp"

#include "generate/variants.hpp"
#include "model/filled_network.hpp"
#include "support/files.hpp"

using namespace asterism;
using placement::PartKind;
using test::small_shape;

namespace {

struct Serial : test::Defaults {
  using Backend = backend::SerialHost;
};
struct Serial8 : test::Defaults {
  using Backend = backend::BasicHost<parallel::Serial, quant::Int8Activations>;
};

template <class B>
void check_allocation(const Shape& shape, std::size_t count, const Limits& limits) {
  CAPTURE(count);
  CAPTURE(limits.batch);
  const test::EmptyNetwork<B> empty(shape, equal_devices(count, 4_MiB), limits);
  for (std::size_t d = 0; d < count; ++d) {
    CHECK(empty.devices[d]->arena().used() == empty.plan.weight_bytes(d));
    CHECK(empty.devices[d]->arena().high_water() == empty.plan.weight_bytes(d));
  }
  const auto workspace = test::workspace_on<B>(empty, limits);
  std::vector<test::Conversation<B>> sequences;
  for (std::int32_t i = 0; i < limits.batch; ++i) sequences.emplace_back(empty, limits);
  for (std::size_t d = 0; d < count; ++d) {
    Bytes sum{};
    for (std::size_t k = 0; k < placement::kind_count; ++k) {
      const auto kind = static_cast<PartKind>(k);
      CAPTURE(placement::name_of(kind));
      CHECK(empty.devices[d]->arena().held_by(placement::name_of(kind)) == empty.plan.bytes(d, kind));
      sum += empty.plan.bytes(d, kind);
    }
    CHECK(empty.devices[d]->arena().used() == sum);  // and for nothing else
    CHECK(empty.plan.peak(d) == sum);
  }
}

struct Mixtral : Blueprint {
  static constexpr Shape shape = shapes::mixtral_8x7b;
};
struct MixtralHalf : Mixtral {
  using Quantization = quant::BFloat16;
};

constexpr placement::Plan dual = plan<Mixtral>(machines::dual_16gb);

constexpr Bytes weights_of(const placement::Plan& of) {
  Bytes sum{};
  for (std::size_t d = 0; d < of.devices(); ++d) {
    sum += of.weight_bytes(d);
  }
  return sum;
}

// A plan is a constant, and what fits is proved before anything runs.
static_assert(dual.fits());
static_assert(fits<Mixtral, machines::dual_16gb>());
static_assert(fits<Mixtral, machines::dual_16gb, 14_GiB>());
static_assert(fits<Mixtral, machines::dual_16gb, 12_GiB>());
static_assert(fits<Mixtral, machines::rtx_3090>());
static_assert(fits<MixtralHalf, machines::dual_a6000>());
static_assert(!plan<Mixtral>(machines::single_16gb).fits());
static_assert(!plan<MixtralHalf>(machines::dual_16gb).fits());
static_assert(!plan<Mixtral>(machines::dual_16gb.limited_to(11_GiB)).fits());
static_assert(DevicePeak<0, 5, 5>::fits);
static_assert(DeviceCache<0, 5, 5>::fits);

// Keys and values of 32 768 positions take a third of a card more than 3 % of it, and of 30 %, less.
struct MixtralLong : Mixtral {
  static constexpr Limits limits{.context = 32768, .cache_percent = 30};
};
struct MixtralShare : MixtralLong {
  static constexpr Limits limits{.context = 32768, .cache_percent = 3};
};
static_assert(fits<MixtralLong, machines::dual_16gb, 14_GiB>());
static_assert(!plan<MixtralShare>(machines::dual_16gb.limited_to(14_GiB)).fits());
constexpr Machine dual_14 = machines::dual_16gb.limited_to(14_GiB);
constexpr std::int32_t longest_in_share = largest_context<MixtralShare>(dual_14, shapes::mixtral_8x7b);
static_assert(longest_in_share == (14_GiB).count * 3 / 100 / (16 * 2 * 8 * 128 * 2));

// The map of a machine for two cards: the embedding on the first, norm and head on the second, as many layers there
// as its budget holds, and no 4-bit weights in main memory.
struct MixtralLowFirst : Mixtral {
  using Placement = placement::AcceleratorsFirst<placement::BalancedLowFirst>;
};
constexpr Machine dual_with_host = [] {
  Machine machine = machines::dual_16gb;
  machine.add(64_GiB, DeviceKind::host);
  return machine;
}();
static_assert(fits<MixtralLowFirst, machines::dual_16gb, 14_GiB>());
static_assert(fits<MixtralLowFirst, dual_with_host, 14_GiB>());
constexpr placement::Plan low_first = plan<MixtralLowFirst>(dual_with_host.limited_to(14_GiB));
static_assert(low_first.cuts[1] == 13 && low_first.cuts[2] == 32 && low_first.cuts[3] == 32);
static_assert(low_first.embedding_device() == 0 && low_first.head_device() == 1);
static_assert(low_first.peak(2) == Bytes{0});
static_assert(!plan<MixtralLowFirst>(dual_with_host.limited_to(11_GiB)).fits());

// Activations in 8 bits take scratch, and the plan knows it before anything runs.
struct Mixtral8 : Mixtral {
  using Backend = backend::HostA8;
};
static_assert(fits<Mixtral8, machines::dual_16gb, 14_GiB>());
constexpr placement::MemoryFootprint exact_parts =
    model::memory_footprint<Mixtral>(Mixtral::shape, Mixtral::limits);
constexpr placement::MemoryFootprint parts8 = model::memory_footprint<Mixtral8>(Mixtral8::shape, Mixtral8::limits);
constexpr std::size_t chunk_rows = Mixtral::limits.prefill_chunk;
static_assert(parts8.layer_workspace ==
              exact_parts.layer_workspace + backend::HostA8::scratch(2 * chunk_rows, 14336));
static_assert(parts8.head_workspace == exact_parts.head_workspace + backend::HostA8::scratch(16, 4096));
constexpr placement::Plan dual8 = plan<Mixtral8>(machines::dual_16gb);
static_assert(dual8.cuts[1] == dual.cuts[1]);
static_assert(dual8.bytes(0, PartKind::workspace) ==
              dual.bytes(0, PartKind::workspace) + backend::HostA8::scratch(2 * chunk_rows, 14336));
static_assert(dual8.bytes(1, PartKind::workspace) == dual.bytes(1, PartKind::workspace) +
                                                         backend::HostA8::scratch(2 * chunk_rows, 14336) +
                                                         backend::HostA8::scratch(16, 4096));
static_assert(dual8.bytes(0, PartKind::experts) == dual.bytes(0, PartKind::experts));

// Experts that take turns: what the budget leaves is slots, two at least.
struct MixtralTurns : Mixtral {
  using Cache = cache::LeastRecent;
};
constexpr Machine twelve = equal_devices(1, 12_GiB);
static_assert(!plan<Mixtral>(twelve).fits());
static_assert(fits<MixtralTurns, twelve>());
constexpr placement::Plan turns = plan<MixtralTurns>(twelve);
static_assert(turns.slotted_experts(0) == 256 && turns.least_expert_slots(0) == 2);
static_assert(turns.footprint.slotted.least_slots(0, 32) == 4 && turns.keeps_experts());
static_assert(
    turns.footprint.slotted.each.count ==
    residency::slab_stride(MixtralTurns::Expert<MixtralTurns::Quantization>(Mixtral::shape).footprint().count));
static_assert(turns.expert_slots(0) > 100 && turns.expert_slots(0) < 130);
static_assert(turns.budget(0) - turns.peak(0) < turns.footprint.slotted.each);
static_assert(turns.bytes(0, PartKind::experts) == 0_B);
static_assert(turns.weight_bytes(0) + turns.cache_bytes(0) + turns.bytes(0, PartKind::workspace) +
                  turns.bytes(0, PartKind::expert_slots) ==
              turns.peak(0));
// One for each and two for those that pass, and no more.
static_assert(plan<MixtralTurns>(equal_devices(1, 64_GiB)).expert_slots(0) == 258);
static_assert(!plan<MixtralTurns>(equal_devices(1, 1_GiB)).fits());
// With fewer than a token needs and two they stream; a context that leaves these comes before a longer one.
template <std::int32_t slots>
constexpr Machine with_slots = equal_devices(1, turns.least_peak(0) - turns.footprint.slotted.each * (4 - slots));
static_assert(!plan<MixtralTurns>(with_slots<1>).fits());
static_assert(fits<MixtralTurns, with_slots<2>>() && !plan<MixtralTurns>(with_slots<2>).keeps_experts());
static_assert(plan<MixtralTurns>(with_slots<3>).fits() && !plan<MixtralTurns>(with_slots<3>).keeps_experts());
static_assert(plan<MixtralTurns>(with_slots<4>).keeps_experts());
static_assert(largest_context<MixtralTurns>(with_slots<4>, Mixtral::shape) == Mixtral::limits.context);
constexpr std::int32_t shorter = largest_context<MixtralTurns>(with_slots<3>, Mixtral::shape);
static_assert(shorter > 0 && shorter < Mixtral::limits.context);
constexpr Limits shorter_limits = [] {
  Limits out = Mixtral::limits;
  out.context = shorter;
  return out;
}();
static_assert(plan<MixtralTurns>(with_slots<3>, Mixtral::shape, shorter_limits).keeps_experts());
static_assert(largest_context<MixtralTurns>(twelve, Mixtral::shape) == Mixtral::limits.context);
static_assert(DeviceSlots<0, 4, 4>::fits);
// Their homes need room on the disk, where the machine says how much there is.
static_assert(turns.footprint.slotted.homes() == turns.footprint.slotted.each * 256);
static_assert(fits<MixtralTurns, machines::ram12_disk30>() && DiskRoom<1, 1>::fits);
constexpr Machine little_disk = [] {
  Machine machine = machines::ram12_disk30;
  machine.disk = turns.footprint.slotted.homes() - 1_B;
  return machine;
}();
static_assert(!plan<MixtralTurns>(little_disk).fits());
static_assert(turns.home_of_layer(5) == -1 && turns.homes_on_disk() == turns.footprint.slotted.homes());
// Experts wait in host memory that runs no layers, before the disk.
static_assert(fits<MixtralTurns, machines::vram14_ram90>());
constexpr placement::Plan beside_ram = plan<MixtralTurns>(machines::vram14_ram90);
static_assert(beside_ram.homes_on_disk() == 0_B && beside_ram.home_of_layer(31) == 1);
static_assert(beside_ram.peak(1) == turns.footprint.slotted.homes() + turns.footprint.slotted.beside);
static_assert(beside_ram.expert_slots(0) > turns.expert_slots(0));
constexpr Machine little_ram = [] {
  Machine machine = equal_devices(1, 14_GiB);
  machine.add(8_GiB, DeviceKind::host);
  machine.disk = 15_GiB;
  return machine;
}();
static_assert(fits<MixtralTurns, little_ram>());
constexpr placement::Plan of_both = plan<MixtralTurns>(little_ram);
static_assert(of_both.home_of_layer(0) == 1 && of_both.home_of_layer(31) == -1);
static_assert(of_both.peak(1) <= 8_GiB && of_both.peak(1) + turns.footprint.slotted.layer_homes() > 8_GiB);
static_assert(of_both.homes_on_disk() + of_both.bytes(1, PartKind::expert_homes) ==
              turns.footprint.slotted.homes() + turns.footprint.slotted.beside);
// Norms, attention, router and two experts of each layer.
static_assert(turns.token_bytes(0) == turns.weight_bytes(0) - turns.footprint.embedding - turns.head_bytes() +
                                          turns.footprint.slotted.each * 64);
// Who looks ahead keeps what it reads in slots beside those of a token.
struct MixtralAhead : MixtralTurns {
  using Prefetch = prefetch::NextGate;
};
static_assert(plan<MixtralAhead>(twelve).footprint.slotted.least_slots(0, 32) == 4);
static_assert(plan<MixtralAhead>(twelve).bytes(0, PartKind::workspace) ==
              turns.bytes(0, PartKind::workspace) + Bytes{aligned(std::uint64_t{4} * 8 * chunk_rows)});
struct QwenTurns : MixtralTurns {
  static constexpr Shape shape = shapes::qwen3_30b_a3b;
};
struct QwenAhead : QwenTurns {
  using Prefetch = prefetch::Pattern;
};
static_assert(plan<QwenTurns>(twelve).footprint.slotted.least_slots(0, 48) == 10);
static_assert(plan<QwenAhead>(twelve).footprint.slotted.least_slots(0, 48) == 16);
// A device that has room for all but the slots gets no layer.
struct MixtralTurnsInOrder : MixtralTurns {
  using Placement = placement::Sequential;
};
constexpr Machine small_then_large = [] {
  Machine machine = equal_devices(2, 12_GiB);
  machine.capacity[0] = 2_GiB;
  return machine;
}();
static_assert(plan<MixtralTurnsInOrder>(small_then_large).fits());
struct DenseFirst : MixtralTurns {
  static constexpr Shape shape = [] {
    Shape out = shapes::qwen3_30b_a3b;
    out.dense_layers = LayerSet::range(0, 3);
    out.dense_ffn = 6144;
    return out;
  }();
  using Placement = placement::BalancedLowFirst;
};
constexpr placement::Plan dense_first = plan<DenseFirst>(equal_devices(2, 6_GiB));
static_assert(dense_first.fits() && dense_first.slotted_experts(0) + dense_first.slotted_experts(1) == 45 * 128);
constexpr placement::Plan turns_on_two = plan<MixtralTurns>(equal_devices(2, 6_GiB));
static_assert(turns_on_two.fits() && turns_on_two.slotted_experts(0) + turns_on_two.slotted_experts(1) == 256);

struct MixtralExplicit : Mixtral {
  using Placement = placement::Explicit<14, 18>;
};
static_assert(fits<MixtralExplicit, machines::dual_16gb, 14_GiB>());
static_assert(plan<MixtralExplicit>(machines::dual_16gb).cuts[1] == 14);

/// Keys and values of 12 layers, states of 36 in four slots of 79 036 416 bytes.
struct Next80 : Blueprint {
  static constexpr Shape shape = shapes::qwen3_next_80b_a3b;
  static constexpr Limits limits{.context = 262144, .batch = 1, .prefill_chunk = 512};
  using Placement = placement::AcceleratorsFirst<placement::Balanced, placement::HostPlacement::any_width>;
};
static_assert(fits<Next80, machines::vram14_ram90>());
constexpr placement::Plan next80 = plan<Next80>(machines::vram14_ram90);
static_assert(next80.bytes(0, PartKind::kv_cache) + next80.bytes(1, PartKind::kv_cache) == Bytes{6'442'450'944});
struct Next80WithoutLinear : Next80 {
  using Mixers = model::Mixers<attention::GroupedQuery>;
};
static_assert(model::mixers_cover_shape<Next80>() && !model::mixers_cover_shape<Next80WithoutLinear>());
static_assert(next80.bytes(0, PartKind::state) + next80.bytes(1, PartKind::state) == Bytes{4 * 79'036'416});

/// Without the mixers of some of its layers.
struct OnlyAttention : Blueprint {
  using Mixers = model::Mixers<attention::GroupedQuery>;
};
struct OnlyLinear : Blueprint {
  using Mixers = model::Mixers<attention::GatedDeltaNet>;
};

}  // namespace

TEST_CASE_TEMPLATE("kind by kind, the plan is what network, workspace and sequences allocate", B, Serial,
                   Serial8) {
  Limits limits = B::limits;
  for (const std::int32_t batch : {1, 2, 3}) {
    limits.batch = batch;
    for (const std::size_t devices : {1, 2}) check_allocation<B>(small_shape, devices, limits);
  }
  limits.prefill_chunk = 3;
  limits.context = 17;
  check_allocation<B>(small_shape, 2, limits);
  Shape odd = small_shape;  // planes with padding everywhere
  odd.hidden = 21;
  odd.ffn = 33;
  odd.head_dim = 6;
  odd.vocabulary = 7;
  check_allocation<B>(odd, 2, limits);
  odd.tied_head = true;
  check_allocation<B>(odd, 1, limits);
  check_allocation<B>(odd, 2, limits);
  for (const std::size_t devices : {1, 2, 3}) check_allocation<B>(test::mixed_shape, devices, limits);
  for (const std::size_t devices : {1, 2, 4}) check_allocation<B>(test::hybrid_shape, devices, limits);
  check_allocation<B>(test::dense_shape, 2, limits);
}

TEST_CASE("a shape with layers that no mixer of the Blueprint is for is refused, by both names") {
  test::check_error<Unsupported>(
      [] { plan<OnlyAttention>(machines::vram14_ram90, Next80::shape); },
      {"layers 0 to 2, 4 to 6", "linear attention (GatedDeltaNet)", "the Blueprint's Mixers are GroupedQuery"});
  test::check_error<Unsupported>([] { plan<OnlyLinear>(machines::vram14_ram90, Next80::shape); },
                                 {"layers 3, 7, 11", "attention (GroupedQuery)", "Mixers are GatedDeltaNet"});
}

TEST_CASE("shapes that contradict themselves, or their architecture, are refused before anything is planned") {
  const auto refuse = [](Shape shape, const char* field, void (*change)(Shape&)) {
    CHECK_NOTHROW(model::check_sound(shape));
    change(shape);
    CAPTURE(field);
    test::check_error<InvalidArgument>([&] { plan<Serial>(equal_devices(1, 1_MiB), shape); }, {"Shape", field});
  };
  refuse(small_shape, "experts", [](Shape& s) { s.experts = 0; });
  refuse(small_shape, "top_k", [](Shape& s) { s.top_k = s.experts + 1; });
  refuse(small_shape, "ffn", [](Shape& s) { s.ffn = 0; });
  refuse(small_shape, "dense_layers", [](Shape& s) { s.dense_layers.insert(0), s.dense_ffn = 8; });
  refuse(small_shape, "linear_layers", [](Shape& s) {
    s.linear_layers.insert(0);
    s.delta_net = test::hybrid_shape.delta_net;
  });
  refuse(small_shape, "shared_ffn", [](Shape& s) { s.shared_ffn = 8; });
  refuse(small_shape, "attention_bias", [](Shape& s) { s.attention_bias = true; });
  refuse(small_shape, "qk_norm", [](Shape& s) { s.qk_norm = true; });
  refuse(test::mixed_shape, "dense_ffn", [](Shape& s) { s.dense_ffn = 0; });
  refuse(test::mixed_shape, "beyond", [](Shape& s) { s.dense_layers.insert(s.layers); });
  refuse(test::mixed_shape, "qk_norm", [](Shape& s) { s.qk_norm = false; });
  refuse(test::dense_shape, "has no experts",
         [](Shape& s) { s.dense_layers = {}, s.experts = s.top_k = s.ffn = 4; });
  refuse(test::hybrid_shape, "shared_ffn", [](Shape& s) { s.shared_ffn = 0; });
  refuse(test::hybrid_shape, "delta_net", [](Shape& s) { s.delta_net.value_heads = 3; });
  refuse(test::hybrid_shape, "delta_net", [](Shape& s) { s.delta_net.kernel = 1; });
  refuse(test::hybrid_shape, "beyond", [](Shape& s) { s.linear_layers.insert(s.layers); });
}

TEST_CASE("more devices than layers") {
  const test::EmptyNetwork<Serial> empty(small_shape, equal_devices(4, 4_MiB), Serial::limits);
  const auto workspace = test::workspace_on<Serial>(empty);
  const test::Conversation<Serial> one(empty);
  Bytes all{};
  for (std::size_t d = 0; d < 4; ++d) all += empty.devices[d]->arena().used();
  CHECK(all < empty.plan.peak(0) + empty.plan.peak(1) + empty.plan.peak(2) + empty.plan.peak(3));  // batch is 2
  std::size_t unused = 0;
  for (std::size_t d = 0; d < 4; ++d) unused += empty.devices[d]->arena().used() == Bytes{0} ? 1 : 0;
  CHECK(unused == 2);
}

TEST_CASE("Mixtral 8x7B in 4 bits: 24.48 GB of weights") {
  const double weights = static_cast<double>(weights_of(dual).count);
  CHECK(weights / 1e9 == doctest::Approx(24.48).epsilon(0.0005));
  CHECK(weights / 0x1p30 == doctest::Approx(22.80).epsilon(0.0005));
  const expert::SwiGlu<Mixtral::Quantization> expert(Mixtral::shape);
  CHECK(static_cast<double>(expert.footprint().count) / 1e6 == doctest::Approx(90.9).epsilon(0.001));
  Bytes experts{};
  for (std::size_t d = 0; d < 2; ++d) experts += dual.bytes(d, PartKind::experts);
  CHECK(experts == expert.footprint() * 256);
  CHECK(dual.cuts[1] == 16);
  for (std::size_t d = 0; d < 2; ++d) {
    CHECK(dual.bytes(d, PartKind::kv_cache) == Bytes{131072} * 4096 - dual.bytes(1 - d, PartKind::kv_cache));
    CHECK(static_cast<double>(dual.peak(d).count) / 0x1p30 < 11.9);
  }
  // 16-bit weights: 93.4 GB; norms and routers are wider here.
  CHECK(static_cast<double>(weights_of(plan<MixtralHalf>(machines::dual_a6000)).count) / 1e9 ==
        doctest::Approx(93.4).epsilon(0.001));
}

TEST_CASE("limits change caches and workspace alone") {
  Limits limits = Mixtral::limits;
  const auto changed = [&](PartKind kind) {
    const placement::Plan other = plan<Mixtral>(equal_devices(1, 64_GiB), Mixtral::shape, limits);
    const placement::Plan base = plan<Mixtral>(equal_devices(1, 64_GiB), Mixtral::shape);
    for (std::size_t k = 0; k < placement::kind_count; ++k) {
      const auto each = static_cast<PartKind>(k);
      if (each != PartKind::kv_cache && each != PartKind::workspace)
        CHECK(other.bytes(0, each) == base.bytes(0, each));
    }
    return static_cast<double>(other.bytes(0, kind).count) / static_cast<double>(base.bytes(0, kind).count);
  };
  limits.context = 8192;
  CHECK(changed(PartKind::kv_cache) == 2);
  CHECK(changed(PartKind::workspace) == 1);
  limits = Mixtral::limits;
  limits.batch = 3;
  CHECK(changed(PartKind::kv_cache) == 3);
  CHECK(changed(PartKind::workspace) == 1);  // all sequences share it
  limits = Mixtral::limits;
  limits.prefill_chunk = 256;
  CHECK(changed(PartKind::kv_cache) == 1);
  CHECK(changed(PartKind::workspace) == doctest::Approx(0.5).epsilon(0.05));
}

TEST_CASE("the largest context is the longest whose plan fits, with chunks no longer than it") {
  using B = test::Exact;
  const auto fits_with = [](std::int32_t context, const Machine& machine) {
    Limits limits = B::limits;
    limits.context = context;
    limits.prefill_chunk = std::min(limits.prefill_chunk, context);
    return plan<B>(machine, small_shape, limits).fits();
  };
  const Bytes all = plan<B>(equal_devices(1, 1_GiB), small_shape).peak(0);
  bool found_some = false;
  for (std::uint64_t part = 0; part <= 64; ++part) {
    const Machine machine = equal_devices(1, Bytes{all.count / 64 * part});
    std::int32_t longest = 0;
    for (std::int32_t context = 1; context <= B::limits.context; ++context) {
      if (fits_with(context, machine)) longest = context;
    }
    CHECK(largest_context<B>(machine, small_shape) == longest);
    found_some = found_some || (longest > 0 && longest < B::limits.prefill_chunk);
  }
  CHECK(found_some);  // also contexts shorter than a chunk
  CHECK(largest_context<B>(equal_devices(1, 1_GiB), small_shape) == B::limits.context);
}

TEST_CASE("a model with a sliding window of its own takes no cache that drops positions by attention") {
  struct Pruned : Blueprint {
    using KvCache = attention::PrunedKvCache<quant::Float16, 1024>;
  };
  Shape shape = shapes::mixtral_8x7b;
  CHECK(plan<Pruned>(machines::dual_16gb, shape).fits());
  shape.sliding_window = 4096;
  test::check_error<Unsupported>([&] { plan<Pruned>(machines::dual_16gb, shape); },
                                 {"a sliding window of 4096 positions", "the Blueprint's KvCache drops positions",
                                  "attention::SlidingWindowKvCache"});
}
