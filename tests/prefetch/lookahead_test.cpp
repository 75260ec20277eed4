// What is expected of the next layer, and what of it is worth a copy.
#include "asterism/prefetch/lookahead.hpp"

#include <vector>

#include <doctest/doctest.h>

using namespace asterism;

namespace {

/// Predicts a fixed list for every group.
struct Fixed {
  std::vector<std::int32_t> members;
  int observed = 0;

  void observe(const prefetch::Routing& /*routing*/) { ++observed; }
  std::size_t predict(std::int32_t group, View<prefetch::Prediction> out) const {
    std::size_t count = 0;
    for (const std::int32_t member : members) {
      if (count < out.size) out[count++] = {{group, member}, 0.1F};
    }
    return count;
  }
};

using Members = std::vector<std::int32_t>;

Members members_of(View<const PartId> parts) {
  Members out;
  for (const PartId part : parts) out.push_back(part.member);
  return out;
}

constexpr prefetch::Extent extent{.groups = 3, .members = 8};

prefetch::Routing routing(std::int32_t group, const Members& used) {
  return {.group = group, .used = used, .probabilities = {}, .next = {}, .next_used = {}};
}

constexpr auto is_even = [](PartId part) { return part.member % 2 == 0; };

}  // namespace

TEST_CASE("candidates are the best predictions that are not resident, at most as many as a token needs") {
  prefetch::Lookahead<Fixed> ahead(Fixed{{5, 4, 3, 1, 7}}, extent, 3, prefetch::Veto(3, 1, 1), true);
  CHECK(ahead.group() == -1);
  CHECK(ahead.candidates().empty());
  ahead.predict(1, is_even);
  CHECK(ahead.group() == 1);
  CHECK(members_of(ahead.candidates()) == Members{5, 3, 1});
  CHECK(ahead.candidates()[0].group == 1);
  CHECK(ahead.predictions().size == 5);
  CHECK(ahead.worthwhile().empty());  // the veto has not heard enough
  const Members used = {1};
  ahead.observe(routing(1, used));
  CHECK(ahead.group() == -1);
  CHECK(ahead.candidates().empty());
  CHECK(ahead.predictions().empty());
}

TEST_CASE("what came true lets copies through, as many as the veto says; what is wrong silences it") {
  Fixed prefetcher{{5, 3, 1}};
  prefetch::Lookahead<Fixed&> ahead(prefetcher, extent, 3, prefetch::Veto(3, 1, 1), true);
  const auto run = [&](int layers, const Members& used) {
    for (int i = 0; i < layers; ++i) {
      ahead.predict(i % 3, is_even);
      ahead.observe(routing(i % 3, used));
    }
    ahead.predict(0, is_even);
  };
  run(127, {3, 5});
  CHECK(ahead.worthwhile().empty());  // two a layer were scored: 254
  run(1, {3, 5});
  CHECK(members_of(ahead.worthwhile()) == Members{5, 3});  // of a layer as long as a copy: two
  CHECK(ahead.most_copies() == 2);
  run(40, {2, 4});
  CHECK(ahead.worthwhile().empty());
  CHECK(prefetcher.observed == 168);
}

TEST_CASE("what was predicted for another group is not scored") {
  prefetch::Lookahead<Fixed> ahead(Fixed{{5, 3}}, extent, 2, prefetch::Veto(2, 1, 1), true);
  const Members used = {3, 5};
  for (int i = 0; i < 300; ++i) {
    ahead.predict(1, is_even);
    ahead.observe(routing(2, used));
  }
  ahead.predict(1, is_even);
  CHECK(ahead.worthwhile().empty());
}

namespace {

/// Predicts for each sequence what it used last, all with the same share.
struct Again {
  std::vector<Members> last = std::vector<Members>(4);
  std::int32_t sequence = 0;

  void observe(const prefetch::Routing& routing) {
    sequence = routing.sequence;
    last[static_cast<std::size_t>(sequence)] = {routing.used.begin(), routing.used.end()};
  }
  std::size_t predict(std::int32_t group, View<prefetch::Prediction> out) const {
    const Members& members = last[static_cast<std::size_t>(sequence)];
    std::size_t count = 0;
    for (const std::int32_t member : members) {
      out[count++] = {{group, member}, 1.0F / static_cast<float>(members.size())};
    }
    return count;
  }
};

}  // namespace

TEST_CASE("of several sequences each is heard by itself, and what they use together is predicted") {
  prefetch::Lookahead<Again> ahead({}, extent, 3, prefetch::Veto(3, 1, 1), true);
  const Members one = {1, 6};
  const Members two = {6, 7};
  const Members all = {1, 6, 7};
  std::vector<prefetch::Routing> routings = {routing(2, one), routing(2, two)};
  routings[0].sequence = 3;
  ahead.observe(routings, all);
  const auto nobody = [](PartId /*part*/) { return false; };
  ahead.predict(0, nobody);
  CHECK(members_of(ahead.candidates()) == Members{6, 1, 7});
  CHECK(ahead.predictions()[0].probability == doctest::Approx(0.5));
  CHECK(ahead.predictions()[1].probability == doctest::Approx(0.25));
  CHECK(ahead.candidates()[0].group == 0);
  // Scored by what any of them uses.
  for (int i = 0; i < 256; ++i) {
    ahead.observe(routings, all);
    ahead.predict(2, nobody);
  }
  CHECK(ahead.worthwhile().size == 2);
  CHECK(ahead.veto().precision() == 1);
  // One alone is predicted as ever.
  ahead.observe(routings[1]);
  ahead.predict(0, nobody);
  CHECK(members_of(ahead.candidates()) == Members{6, 7});
}

TEST_CASE("where no values are known, parts are staged while predictions are right often enough") {
  for (const bool known : {true, false}) {
    prefetch::Lookahead<Fixed> ahead(Fixed{{5}}, extent, 1, prefetch::Veto(1, 1, 1), known);
    const Members right = {5};
    const Members wrong = {4};
    for (int i = 0; i < 300; ++i) {
      ahead.predict(1, is_even);
      ahead.observe(routing(1, i % 10 == 0 ? right : wrong));  // one in ten: above the margin, below staging
    }
    ahead.predict(1, is_even);
    CHECK(ahead.worthwhile().size == (known ? 1 : 0));
  }
}
