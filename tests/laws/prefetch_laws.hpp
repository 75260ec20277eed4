// The laws of prefetch::Prefetch, one function template for each, for the prefetchers of the toolkit and for your own:
//
//   TEST_CASE_TEMPLATE("my prefetchers obey the laws", P, MyPrefetcher) { laws::prefetch<P>(); }
//
// A prefetcher that is constructed otherwise is made by a function of an extent:
//
//   laws::prefetch([](const prefetch::Extent& extent) { return Counting(extent, 0.5F); });
//
// Needs doctest.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <limits>
#include <numeric>
#include <set>
#include <sstream>
#include <string>
#include <type_traits>
#include <vector>

#include "asterism/core/random.hpp"
#include "asterism/core/view.hpp"
#include "asterism/prefetch/concept.hpp"

#include "laws/law.hpp"

namespace asterism::laws {

/// What Make makes.
template <class Make>
using PrefetcherOf = std::invoke_result_t<const Make&, const prefetch::Extent&>;

inline constexpr prefetch::Extent prefetch_extents[] = {
    {.groups = 1, .members = 1, .sequences = 1}, {.groups = 1, .members = 4, .sequences = 2},
    {.groups = 2, .members = 1, .sequences = 1}, {.groups = 3, .members = 8, .sequences = 3},
    {.groups = 6, .members = 5, .sequences = 2}, {.groups = 4, .members = 64, .sequences = 2}};

/// A routing with its lists, which outlive the call.
struct ToldRouting {
  std::int32_t group = 0;
  std::int32_t sequence = 0;
  prefetch::Phase phase = prefetch::Phase::decode;
  std::vector<std::int32_t> used;
  std::vector<float> probabilities;
  std::vector<float> next;
  std::vector<std::int32_t> next_used;

  prefetch::Routing routing() const { return {group, sequence, phase, used, probabilities, next, next_used}; }
  std::string text() const {
    std::ostringstream out;
    out << "group " << group << " of sequence " << sequence << " used " << some_of(used);
    return out.str();
  }
};

/// Members in ascending order, at least one.
inline std::vector<std::int32_t> some_members(std::int32_t members, Random& random) {
  std::vector<std::int32_t> used;
  const double share = random.uniform();
  for (std::int32_t m = 0; m < members; ++m) {
    if (random.uniform() < share) used.push_back(m);
  }
  if (used.empty()) used.push_back(static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(members))));
  return used;
}

/// Probabilities whose greatest belong to the members used; none of them every third time.
inline std::vector<float> some_probabilities(std::int32_t members, const std::vector<std::int32_t>& used,
                                             Random& random) {
  if (random.below(3) == 0) return {};
  std::vector<float> all(static_cast<std::size_t>(members));
  for (float& one : all) one = random.below(4) == 0 ? 0.0F : static_cast<float>(random.uniform());
  for (const std::int32_t member : used) all[static_cast<std::size_t>(member)] += 1;
  const float total = std::accumulate(all.begin(), all.end(), 0.0F);
  for (float& one : all) one /= total;
  return all;
}

/// What a router may say of a group.
inline ToldRouting some_routing(const prefetch::Extent& extent, std::int32_t group, std::int32_t sequence,
                                Random& random) {
  ToldRouting told;
  told.group = group;
  told.sequence = sequence;
  told.phase = random.below(4) == 0 ? prefetch::Phase::prompt : prefetch::Phase::decode;
  told.used = some_members(extent.members, random);
  told.probabilities = some_probabilities(extent.members, told.used, random);
  const std::vector<std::int32_t> next = some_members(extent.members, random);
  told.next = some_probabilities(extent.members, next, random);
  if (random.below(3) == 0) told.next_used = next;
  return told;
}

/// What a prefetcher says of a group, in a list of `room` places.
template <class P>
std::vector<prefetch::Prediction> predicted(P& prefetcher, std::int32_t group, std::size_t room) {
  std::vector<prefetch::Prediction> out(room, {.part = {-7, -7}, .probability = -7});
  const std::size_t count = prefetcher.predict(group, out);
  if (count > room) throw LawBroken("predict returns more than there is room for");
  out.resize(count);
  return out;
}

inline std::string predictions_text(const std::vector<prefetch::Prediction>& all) {
  std::ostringstream text;
  text.precision(9);
  text << all.size() << " predictions";
  for (std::size_t i = 0; i < all.size() && i < 16; ++i) {
    text << (i == 0 ? ": " : ", ") << "(" << all[i].part.group << ", " << all[i].part.member << ") with "
         << all[i].probability;
  }
  return text.str();
}

/// Passes of several sequences in turn; after each routing check(prefetcher, told, group) for every group.
template <class Make, class Check>
void for_each_prediction(const Make& make, const Check& check) {
  Random random(1);
  for (const prefetch::Extent extent : prefetch_extents) {
    auto prefetcher = make(extent);
    for (std::int32_t pass = 0; pass < 12; ++pass) {
      for (std::int32_t group = 0; group < extent.groups; ++group) {
        for (std::int32_t sequence = 0; sequence < extent.sequences; ++sequence) {
          const ToldRouting told = some_routing(extent, group, sequence, random);
          prefetcher.observe(told.routing());
          for (std::int32_t of = 0; of < extent.groups; ++of) check(prefetcher, extent, told, of);
        }
      }
    }
  }
}

/// Predictions are distinct parts of the group that was asked for.
template <class Make>
void predictions_are_parts_of_the_group(const Make& make) {
  const Law law("predictions are distinct parts of the group that was asked for",
                model_name<PrefetcherOf<Make>>());
  for_each_prediction(make, [&](auto& prefetcher, const auto& extent, const ToldRouting& told,
                                std::int32_t group) {
    const auto all = predicted(prefetcher, group, static_cast<std::size_t>(extent.members) + 2);
    std::set<std::int32_t> members;
    for (const prefetch::Prediction& one : all) {
      law.holds(one.part.group == group && one.part.member >= 0 && one.part.member < extent.members, "of group ",
                group, " with ", extent.members, " members: ", predictions_text(all), ", after ", told.text());
      law.holds(members.insert(one.part.member).second, predictions_text(all), ", after ", told.text());
    }
  });
}

/// Probabilities are in [0, 1] and sum to at most 1, best first, of equal ones the lower member first.
template <class Make>
void probabilities_are_shares(const Make& make) {
  const Law law(
      "probabilities are in [0, 1] and sum to at most 1, best first, of equal ones the lower member first",
      model_name<PrefetcherOf<Make>>());
  for_each_prediction(
      make, [&](auto& prefetcher, const auto& extent, const ToldRouting& told, std::int32_t group) {
        const auto all = predicted(prefetcher, group, static_cast<std::size_t>(extent.members));
        double sum = 0;
        for (std::size_t i = 0; i < all.size(); ++i) {
          sum += double{all[i].probability};
          const bool sorted =
              i == 0 || all[i].probability < all[i - 1].probability ||
              (all[i].probability == all[i - 1].probability && all[i].part.member > all[i - 1].part.member);
          law.holds(all[i].probability >= 0 && all[i].probability <= 1 && sorted && sum <= 1 + 1e-4,
                    predictions_text(all), ", after ", told.text());
        }
      });
}

/// A shorter list is the front of a longer one, and asking changes nothing.
template <class Make>
void asking_changes_nothing(const Make& make) {
  const Law law("a shorter list is the front of a longer one, and asking changes nothing",
                model_name<PrefetcherOf<Make>>());
  Random random(2);
  for (const prefetch::Extent extent : prefetch_extents) {
    auto asked = make(extent);
    auto silent = make(extent);
    for (std::int32_t step = 0; step < 12 * extent.groups; ++step) {
      const ToldRouting told = some_routing(extent, step % extent.groups, 0, random);
      asked.observe(told.routing());
      silent.observe(told.routing());
      const std::int32_t group = (told.group + 1) % extent.groups;
      const auto room = static_cast<std::size_t>(extent.members);
      const auto all = predicted(asked, group, room);
      for (std::size_t shorter = 0; shorter <= room; ++shorter) {
        predicted(asked, told.group, shorter);
        const auto some = predicted(asked, group, shorter);
        law.holds(
            some.size() == std::min(shorter, all.size()) && std::equal(some.begin(), some.end(), all.begin()),
            predictions_text(all), ", in a list of ", shorter, ": ", predictions_text(some), ", after ",
            told.text());
      }
    }
    for (std::int32_t group = 0; group < extent.groups; ++group) {
      const auto room = static_cast<std::size_t>(extent.members);
      const auto one = predicted(asked, group, room);
      const auto other = predicted(silent, group, room);
      law.holds(one == other, "asked often: ", predictions_text(one), ", never: ", predictions_text(other));
    }
  }
}

/// The same routings give the same predictions, whatever other objects did before.
template <class Make>
void the_same_routings_give_the_same_predictions(const Make& make) {
  const Law law("the same routings give the same predictions", model_name<PrefetcherOf<Make>>());
  for (const prefetch::Extent extent : prefetch_extents) {
    std::vector<std::vector<prefetch::Prediction>> first;
    for (int time = 0; time < 2; ++time) {
      Random random(3);
      auto prefetcher = make(extent);
      for (std::int32_t step = 0; step < 12 * extent.groups; ++step) {
        const ToldRouting told = some_routing(extent, step % extent.groups, 0, random);
        prefetcher.observe(told.routing());
        const auto found =
            predicted(prefetcher, (told.group + 1) % extent.groups, static_cast<std::size_t>(extent.members));
        if (time == 0) {
          first.push_back(found);
        } else {
          const auto& before = first[static_cast<std::size_t>(step)];
          law.holds(found == before, predictions_text(before), ", then ", predictions_text(found), ", after ",
                    told.text());
        }
      }
    }
  }
}

/// Routings that make no sense are borne, and what is predicted stays lawful.
template <class Make>
void any_routing_is_borne(const Make& make) {
  const Law law("no routing is refused: what makes no sense is left out", model_name<PrefetcherOf<Make>>());
  constexpr auto most = std::numeric_limits<std::int32_t>::max();
  constexpr auto least = std::numeric_limits<std::int32_t>::min();
  Random random(4);
  for (const prefetch::Extent extent : prefetch_extents) {
    auto prefetcher = make(extent);
    const std::int32_t groups[] = {0, extent.groups - 1, extent.groups, -1, most, least};
    const std::int32_t sequences[] = {0, extent.sequences - 1, extent.sequences, -1, most, least};
    const std::vector<std::int32_t> members[] = {{},     {0},      {least, -1, 0}, {extent.members, most},
                                                 {0, 0}, {most, 0}};
    const auto size = static_cast<std::size_t>(extent.members);
    const std::vector<float> probabilities[] = {{},
                                                std::vector<float>(size),
                                                std::vector<float>(size, 1),
                                                std::vector<float>(size, std::nanf("")),
                                                std::vector<float>(size, std::numeric_limits<float>::infinity()),
                                                std::vector<float>(size, -1),
                                                std::vector<float>(size, std::numeric_limits<float>::max()),
                                                std::vector<float>(size, std::numeric_limits<float>::denorm_min()),
                                                std::vector<float>(size + 1, 0.5F),
                                                std::vector<float>(size - 1, 0.5F)};
    for (int i = 0; i < 600; ++i) {
      ToldRouting told;
      told.group = groups[random.below(random.below(2) == 0 ? 2 : 6)];
      told.sequence = sequences[random.below(6)];
      told.used = members[random.below(6)];
      told.probabilities = probabilities[random.below(10)];
      told.next = probabilities[random.below(10)];
      told.next_used = members[random.below(6)];
      try {
        prefetcher.observe(told.routing());
        for (const std::int32_t group : groups) {
          const auto all = predicted(prefetcher, group, size);
          law.holds(all.empty() || (group >= 0 && group < extent.groups), "of group ", group, ": ",
                    predictions_text(all));
          double sum = 0;
          std::set<std::int32_t> distinct;
          for (const prefetch::Prediction& one : all) {
            sum += double{one.probability};
            law.holds(one.probability >= 0 && sum <= 1 + 1e-4 && one.part.member >= 0 &&
                          one.part.member < extent.members && distinct.insert(one.part.member).second,
                      predictions_text(all), ", after ", told.text());
          }
        }
      } catch (const LawBroken&) {
        throw;
      } catch (const std::exception& error) {
        law.broken(told.text(), ": ", error.what());
      }
    }
  }
}

/// A sequence is predicted from its own routings alone, where the prefetcher promises that.
template <class Make>
void sequences_are_kept_apart(const Make& make) {
  const Law law("predictions of a sequence depend on that sequence alone", model_name<PrefetcherOf<Make>>());
  for (const prefetch::Extent extent : prefetch_extents) {
    if (extent.sequences < 2) continue;
    Random random(5);
    Random others(6);
    auto alone = make(extent);
    auto together = make(extent);
    for (std::int32_t step = 0; step < 12 * extent.groups; ++step) {
      const std::int32_t group = step % extent.groups;
      for (std::int32_t other = 1; other < extent.sequences; ++other) {
        together.observe(some_routing(extent, group, other, others).routing());
      }
      const ToldRouting told = some_routing(extent, group, 0, random);
      alone.observe(told.routing());
      together.observe(told.routing());
      const std::int32_t next = (group + 1) % extent.groups;
      const auto room = static_cast<std::size_t>(extent.members);
      const auto expected = predicted(alone, next, room);
      const auto found = predicted(together, next, room);
      law.holds(found == expected, "alone: ", predictions_text(expected),
                ", beside others: ", predictions_text(found), ", after ", told.text());
    }
  }
}

/// Nothing is allocated after the first pass; `allocations()` is the number that the program has made.
template <class Make, class Allocations>
void nothing_is_allocated(const Make& make, const Allocations& allocations) {
  const Law law("nothing is allocated after the first pass", model_name<PrefetcherOf<Make>>());
  for (const prefetch::Extent extent : prefetch_extents) {
    Random random(7);
    std::vector<ToldRouting> all;
    for (std::int32_t step = 0; step < 12 * extent.groups; ++step) {
      all.push_back(some_routing(extent, step % extent.groups, 0, random));
    }
    auto prefetcher = make(extent);
    std::vector<prefetch::Prediction> out(static_cast<std::size_t>(extent.members));
    std::uint64_t before = 0;
    for (std::size_t step = 0; step < all.size(); ++step) {
      if (step == static_cast<std::size_t>(extent.groups)) before = allocations();
      prefetcher.observe(all[step].routing());
      for (std::int32_t group = 0; group < extent.groups; ++group) prefetcher.predict(group, out);
    }
    const std::uint64_t after = allocations();
    law.holds(after == before, extent.groups, " groups of ", extent.members, ": ", after - before, " allocations");
  }
}

/// All laws but that of allocations, of the prefetcher that make(extent) returns.
template <class Make>
  requires prefetch::Prefetch<PrefetcherOf<Make>>
void prefetch(const Make& make) {
  predictions_are_parts_of_the_group(make);
  probabilities_are_shares(make);
  asking_changes_nothing(make);
  the_same_routings_give_the_same_predictions(make);
  any_routing_is_borne(make);
  if constexpr (prefetch::KeepsSequencesApart<PrefetcherOf<Make>>) sequences_are_kept_apart(make);
}

/// All laws but that of allocations, of P(extent).
template <prefetch::Prefetch P>
void prefetch() {
  prefetch([](const prefetch::Extent& extent) { return P(extent); });
}

}  // namespace asterism::laws
