// The laws of cache::Cache, one function template for each, for the policies of the toolkit and for your own:
//
//   TEST_CASE_TEMPLATE("my caches obey the laws", C, MyCache) { laws::cache<C>(); }
//
// A cache that is constructed otherwise is made by a function of (parts, capacity):
//
//   laws::cache([](const cache::Parts& parts, Bytes capacity) { return Segmented(parts, capacity, 0.2); });
//
// Needs doctest.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <type_traits>
#include <vector>

#include "asterism/cache/concept.hpp"
#include "asterism/cache/parts.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/part_id.hpp"
#include "asterism/core/random.hpp"
#include "asterism/core/view.hpp"

#include "laws/law.hpp"

namespace asterism::laws {

/// What Make makes.
template <class Make>
using CacheOf = std::invoke_result_t<const Make&, const cache::Parts&, Bytes>;

/// One call of a cache, in the order in which an engine makes them.
struct CacheCall {
  enum class Kind : std::uint8_t { observe, admit, pin, unpin };
  Kind kind = Kind::observe;
  std::int32_t group = 0;
  std::vector<std::int32_t> used{};
  std::vector<float> probabilities{};
  std::vector<PartId> step{};
  PartId part{};
};

/// Parts, a capacity, and calls that a cache of them may see.
struct CacheCase {
  cache::Parts parts;
  Bytes capacity;
  std::vector<CacheCall> calls;

  /// For messages: the case, and one of its calls.
  std::string text(std::size_t call) const {
    std::ostringstream out;
    out << parts.groups() << " groups of " << parts.members() << " parts, " << parts.total().count
        << " bytes, capacity " << capacity.count << ", call " << call;
    const CacheCall& one = calls[call];
    if (one.kind == CacheCall::Kind::observe) out << ": observe " << one.group << " " << some_of(one.used);
    if (one.kind == CacheCall::Kind::admit) out << ": admit " << names(one.step);
    if (one.kind == CacheCall::Kind::pin) out << ": pin " << cache::to_string(one.part);
    if (one.kind == CacheCall::Kind::unpin) out << ": unpin " << cache::to_string(one.part);
    return out.str();
  }
  static std::string names(const std::vector<PartId>& parts) {
    std::string text = "[";
    for (const PartId part : parts) text += (text.size() == 1 ? "" : ", ") + cache::to_string(part);
    return text + "]";
  }
};

/// Random passes: some members more popular than others, sometimes all of a group at once as a prompt has it, steps
/// that name parts of other groups too, empty steps, and pins of a few parts for a while.
inline std::vector<CacheCall> calls_to_try(const cache::Parts& parts, std::size_t passes, bool pins,
                                           Random& random) {
  std::vector<CacheCall> calls;
  std::vector<PartId> pinned;
  const auto member = [&] {  // the smaller of two: low numbers are more popular
    const auto members = static_cast<std::uint64_t>(parts.members());
    return static_cast<std::int32_t>(std::min(random.below(members), random.below(members)));
  };
  for (std::size_t pass = 0; pass < passes; ++pass) {
    for (std::int32_t group = 0; group < parts.groups(); ++group) {
      CacheCall observed{.group = group};
      std::set<std::int32_t> used;
      const bool prompt = random.below(20) == 0;
      const std::uint64_t draws = prompt ? 3U * static_cast<std::uint64_t>(parts.members()) : 1 + random.below(3);
      for (std::uint64_t i = 0; i < draws; ++i) used.insert(member());
      observed.used.assign(used.begin(), used.end());
      if (random.below(4) != 0) {
        for (std::int32_t m = 0; m < parts.members(); ++m) {
          const double low = used.count(m) == 0 ? 0 : 0.3;
          observed.probabilities.push_back(static_cast<float>(low + 0.3 * random.uniform()));
        }
      }
      CacheCall admitted{.kind = CacheCall::Kind::admit, .group = group};
      for (const std::int32_t m : used) admitted.step.push_back({group, m});
      if (random.below(16) == 0) admitted.step.clear();
      if (random.below(16) == 0) {
        const PartId other{static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(parts.groups()))),
                           member()};
        if (std::find(admitted.step.begin(), admitted.step.end(), other) == admitted.step.end()) {
          admitted.step.push_back(other);
        }
      }
      calls.push_back(observed);
      calls.push_back(admitted);
      if (!pins) continue;
      if (random.below(3) == 0) {
        pinned.push_back(random.below(4) != 0 && !admitted.step.empty() ? admitted.step[0]
                                                                        : PartId{group, member()});
        calls.push_back({.kind = CacheCall::Kind::pin, .part = pinned.back()});
      }
      while (pinned.size() > 3 || (!pinned.empty() && random.below(6) == 0)) {
        calls.push_back({.kind = CacheCall::Kind::unpin, .part = pinned.front()});
        pinned.erase(pinned.begin());
      }
    }
  }
  return calls;
}

/// Small cases first: equal and unlike sizes, capacities from nothing to everything.
inline std::vector<CacheCase> caches_to_try(bool pins) {
  Random random(pins ? 1 : 2);
  std::vector<CacheCase> cases;
  struct Size {
    std::int32_t groups;
    std::int32_t members;
  };
  for (const Size size : {Size{1, 1}, Size{1, 4}, Size{2, 3}, Size{4, 8}, Size{3, 20}}) {
    for (const bool unlike : {false, true}) {
      std::vector<Bytes> bytes(static_cast<std::size_t>(size.groups) * static_cast<std::size_t>(size.members));
      for (Bytes& one : bytes) one.count = unlike ? 1 + random.below(9) : 3;
      const cache::Parts parts = unlike ? cache::Parts(size.groups, size.members, bytes)
                                        : cache::Parts(size.groups, size.members, Bytes{3});
      for (const std::uint64_t percent : {0U, 20U, 50U, 80U, 100U}) {
        cases.push_back({.parts = parts,
                         .capacity = {parts.total().count * percent / 100},
                         .calls = calls_to_try(parts, 40, pins, random)});
      }
    }
  }
  return cases;
}

/// Makes the call. Returns false if the cache refused the step for want of room.
template <cache::Cache C>
bool make_call(C& policy, const CacheCall& call, cache::Admission& admission) {
  if (call.kind == CacheCall::Kind::observe) policy.observe(call.group, call.used, call.probabilities);
  if (call.kind == CacheCall::Kind::pin) policy.pin(call.part);
  if (call.kind == CacheCall::Kind::unpin) policy.unpin(call.part);
  if (call.kind != CacheCall::Kind::admit) return true;
  try {
    policy.admit(call.step, admission);
  } catch (const BudgetExceeded&) {
    return false;
  }
  return true;
}

/// The residents as `contains` says, by number.
template <cache::Cache C>
std::vector<bool> residents_of(const C& policy, const cache::Parts& parts) {
  std::vector<bool> found(parts.size());
  for (std::size_t i = 0; i < found.size(); ++i) found[i] = policy.contains(parts.part(i));
  return found;
}

/// Calls check(one, call, policy, before, admission, admitted) after each call of each case; `before` are the residents
/// before it.
template <class Make, class Check>
void for_each_call(const Make& make, bool pins, const Check& check) {
  for (const CacheCase& one : caches_to_try(pins)) {
    std::optional<CacheOf<Make>> policy;
    try {
      policy.emplace(make(one.parts, one.capacity));
    } catch (const BudgetExceeded&) {
      continue;  // such as All, which evicts nothing
    }
    cache::Admission admission;
    for (std::size_t call = 0; call < one.calls.size(); ++call) {
      const std::vector<bool> before = residents_of(*policy, one.parts);
      const bool admitted = make_call(*policy, one.calls[call], admission);
      check(one, call, *policy, before, admission, admitted);
    }
  }
}

/// The bytes of all residents are at most the capacity, at all times; observing and pinning change no resident.
template <class Make>
void residents_fit(const Make& make) {
  const Law law("the bytes of all residents are at most the capacity, and only admit changes who they are",
                model_name<CacheOf<Make>>());
  for (const bool pins : {false, true}) {
    for_each_call(make, pins,
                  [&](const CacheCase& one, std::size_t call, const auto& policy, const auto& before,
                      const cache::Admission&, bool) {
                    const auto text = [&] { return one.text(call); };
                    const std::vector<bool> after = residents_of(policy, one.parts);
                    Bytes bytes{};
                    for (std::size_t i = 0; i < after.size(); ++i) {
                      if (after[i]) bytes += one.parts.bytes(i);
                    }
                    law.holds(bytes <= policy.capacity(), text, ": residents have ", bytes.count, " bytes of ",
                              policy.capacity().count);
                    law.holds(one.calls[call].kind == CacheCall::Kind::admit || after == before, text,
                              ": other parts are resident than before");
                  });
  }
}

/// An admission's lists say exactly what became of each part of the step, and which other parts left.
template <class Make>
void lists_tell_what_changed(const Make& make) {
  const Law law(
      "an admission says what became of each part of the step, and which others left: parts of the step never",
      model_name<CacheOf<Make>>());
  for_each_call(
      make, true,
      [&](const CacheCase& one, std::size_t call, const auto& policy, const auto& before,
          const cache::Admission& admission, bool admitted) {
        if (one.calls[call].kind != CacheCall::Kind::admit || !admitted) return;
        const auto text = [&] { return one.text(call); };
        const std::vector<PartId>& step = one.calls[call].step;
        std::map<PartId, int> listed;
        const auto each = [&](const std::vector<PartId>& list, const char* name, bool of_step, bool was, bool is) {
          for (const PartId part : list) {
            law.holds(one.parts.has(part) && ++listed[part] == 1, text, ": ", cache::to_string(part), " of ", name,
                      " is listed twice, or there is no such part");
            law.holds((std::find(step.begin(), step.end(), part) != step.end()) == of_step, text, ": ",
                      cache::to_string(part), " of ", name, of_step ? " is not of the step" : " is of the step");
            law.holds(before[one.parts.number(part)] == was, text, ": ", cache::to_string(part), " of ", name,
                      was ? " was not resident" : " was resident");
            law.holds(policy.contains(part) == is, text, ": ", cache::to_string(part), " of ", name,
                      is ? " is not resident now" : " is resident now");
          }
        };
        each(admission.hits, "the hits", true, true, true);
        each(admission.fetched, "the fetched", true, false, true);
        each(admission.bypassed, "the bypassed", true, false, false);
        each(admission.victims, "the victims", false, true, false);
        for (const PartId part : step)
          law.holds(listed.count(part) == 1, text, ": not listed: ", cache::to_string(part));
        for (std::size_t i = 0; i < before.size(); ++i) {
          law.holds(listed.count(one.parts.part(i)) == 1 || policy.contains(one.parts.part(i)) == before[i], text,
                    ": ", cache::to_string(one.parts.part(i)), " is not listed, but came or left");
        }
      });
}

/// A pinned part stays, until it was unpinned as often as it was pinned.
template <class Make>
void pinned_parts_stay(const Make& make) {
  const Law law("a pinned part is never a victim, until it was unpinned as often as it was pinned",
                model_name<CacheOf<Make>>());
  std::map<PartId, int> pins;
  for_each_call(make, true,
                [&](const CacheCase& one, std::size_t call, auto& policy, const auto& before,
                    const cache::Admission&, bool) {
                  const auto text = [&] { return one.text(call); };
                  if (call == 0) pins.clear();
                  if (one.calls[call].kind == CacheCall::Kind::pin) ++pins[one.calls[call].part];
                  if (one.calls[call].kind == CacheCall::Kind::unpin) --pins[one.calls[call].part];
                  for (const auto& [part, count] : pins) {
                    law.holds(count == 0 || !before[one.parts.number(part)] || policy.contains(part), text, ": ",
                              cache::to_string(part), " left, although it is pinned ", count, " times");
                  }
                  const PartId part = one.parts.part(call % one.parts.size());
                  if (const auto found = pins.find(part); found != pins.end() && found->second > 0) return;
                  law.template throws<InvalidArgument>([&] { policy.unpin(part); }, text, ": unpinned ",
                                                       cache::to_string(part), ", which is not pinned");
                });
}

/// Whether the message has the numbers of the part.
inline bool tells(const std::string& message, PartId part) {
  return message.find(std::to_string(part.group)) != std::string::npos &&
         message.find(std::to_string(part.member)) != std::string::npos;
}

/// A step is refused only for a reason, by the names of its parts, and then everything is as before.
template <class Make>
void refusals_change_nothing(const Make& make) {
  const Law law("a step that can't be admitted is refused by the names of its parts, and changes nothing",
                model_name<CacheOf<Make>>());
  std::map<PartId, int> pins;
  for (const CacheCase& one : caches_to_try(true)) {
    std::optional<CacheOf<Make>> policy;
    std::optional<CacheOf<Make>> undisturbed;
    try {
      policy.emplace(make(one.parts, one.capacity));
      undisturbed.emplace(make(one.parts, one.capacity));
    } catch (const BudgetExceeded&) {
      continue;
    }
    cache::Admission admission;
    cache::Admission expected;
    pins.clear();
    for (std::size_t call = 0; call < one.calls.size(); ++call) {
      const auto text = [&] { return one.text(call); };
      const CacheCall& calls = one.calls[call];
      const std::vector<bool> before = residents_of(*policy, one.parts);
      const auto refused = [&](const std::vector<PartId>& step, PartId named) {
        try {
          policy->admit(step, admission);
          law.broken(text, ": admits ", CacheCase::names(step));
        } catch (const InvalidArgument& error) {
          law.holds(tells(error.what(), named), text, ": '", error.what(), "' does not name ",
                    cache::to_string(named));
        } catch (const BudgetExceeded& error) {
          law.broken(text, ": refuses ", CacheCase::names(step), " for want of room: ", error.what());
        }
        law.holds(residents_of(*policy, one.parts) == before, text, ": after refusing ", CacheCase::names(step),
                  " others are resident");
      };
      const PartId some = one.parts.part((7 * call) % one.parts.size());
      const PartId beyond{one.parts.groups(), some.member};
      const PartId above{some.group, one.parts.members()};
      refused({some, some}, some);
      refused({some, beyond}, beyond);
      refused({above}, above);
      refused({some, {-1, 0}}, {-1, 0});
      law.holds(!policy->contains(beyond) && !policy->contains(above), text, ": contains what there is not");
      law.template throws<InvalidArgument>([&] { policy->pin(beyond); }, text, ": pinned ",
                                           cache::to_string(beyond));
      law.template throws<InvalidArgument>([&] { policy->observe(one.parts.groups(), {}, {}); }, text,
                                           ": observed group ", one.parts.groups());

      if (calls.kind == CacheCall::Kind::pin) ++pins[calls.part];
      if (calls.kind == CacheCall::Kind::unpin) --pins[calls.part];
      std::string message;
      try {
        if (calls.kind == CacheCall::Kind::admit) {
          policy->admit(calls.step, admission);
        } else {
          make_call(*policy, calls, admission);
        }
      } catch (const BudgetExceeded& error) {
        message = error.what();
      }
      const bool same = make_call(*undisturbed, calls, expected);
      law.holds(
          same == message.empty() && residents_of(*policy, one.parts) == residents_of(*undisturbed, one.parts),
          text, ": decides otherwise than a cache that refused nothing before");
      if (message.empty()) continue;
      Bytes wanted{};
      for (std::size_t i = 0; i < before.size(); ++i) {
        const PartId part = one.parts.part(i);
        const bool of_step = std::find(calls.step.begin(), calls.step.end(), part) != calls.step.end();
        if (of_step || (before[i] && pins[part] > 0)) wanted += one.parts.bytes(i);
        law.holds(!of_step || before[i] || tells(message, part), text, ": '", message, "' does not name ",
                  cache::to_string(part));
      }
      law.holds(wanted > policy->capacity(), text, ": refused, although ", wanted.count, " bytes of ",
                policy->capacity().count, " would do");
      law.holds(residents_of(*policy, one.parts) == before, text, ": after refusing others are resident");
    }
  }
}

/// Another object, made later, gives the same answers to the same calls.
template <class Make>
void calls_decide(const Make& make) {
  const Law law("the same calls have the same answers", model_name<CacheOf<Make>>());
  for (const CacheCase& one : caches_to_try(true)) {
    std::optional<CacheOf<Make>> policy;
    try {
      policy.emplace(make(one.parts, one.capacity));
    } catch (const BudgetExceeded&) {
      continue;
    }
    CacheOf<Make> again = make(one.parts, one.capacity);
    cache::Admission first;
    cache::Admission second;
    for (std::size_t call = 0; call < one.calls.size(); ++call) {
      const auto text = [&] { return one.text(call); };
      const bool admitted = make_call(*policy, one.calls[call], first);
      // Queries between the calls, and an admission that is dirty, change nothing.
      residents_of(again, one.parts);
      second.victims.assign(3, one.parts.part(0));
      second.hits.assign(2, one.parts.part(0));
      const bool admitted_again = make_call(again, one.calls[call], second);
      law.holds(admitted == admitted_again, text, ": admitted once, refused once");
      if (!admitted || one.calls[call].kind != CacheCall::Kind::admit) continue;
      law.holds(first.hits == second.hits && first.fetched == second.fetched &&
                    first.bypassed == second.bypassed && first.victims == second.victims,
                text, ": victims ", CacheCase::names(first.victims), ", then ", CacheCase::names(second.victims),
                "; fetched ", CacheCase::names(first.fetched), ", then ", CacheCase::names(second.fetched));
    }
  }
}

/// Values are in [0, 1].
template <class Make>
void values_are_shares(const Make& make) {
  if constexpr (cache::Valued<CacheOf<Make>>) {
    const Law law("a part's value is in [0, 1]", model_name<CacheOf<Make>>());
    for_each_call(make, false,
                  [&](const CacheCase& one, std::size_t call, const auto& policy, const auto&,
                      const cache::Admission&, bool) {
                    const auto text = [&] { return one.text(call); };
                    for (std::size_t i = 0; i < one.parts.size(); ++i) {
                      const float value = policy.value(one.parts.part(i));
                      law.holds(value >= 0 && value <= 1, text, ": ", cache::to_string(one.parts.part(i)), " has ",
                                value);
                    }
                  });
  }
}

/// All laws, of the cache that make(parts, capacity) returns.
template <class Make>
  requires cache::Cache<CacheOf<Make>>
void cache(const Make& make) {
  residents_fit(make);
  lists_tell_what_changed(make);
  pinned_parts_stay(make);
  refusals_change_nothing(make);
  calls_decide(make);
  values_are_shares(make);
}

/// All laws, of C(parts, capacity).
template <cache::Cache C>
void cache() {
  cache([](const cache::Parts& parts, Bytes capacity) { return C(parts, capacity); });
}

/// Not a law of all caches, but of those that say so: with the members of each group renamed, the answers are the same,
/// renamed. Parts of a step are named in the same order, and sizes go with them.
template <class Make>
void names_do_not_matter(const Make& make) {
  const Law law("with members renamed, the answers are the same, renamed", model_name<CacheOf<Make>>());
  Random random(3);
  for (const CacheCase& one : caches_to_try(true)) {
    const auto members = static_cast<std::size_t>(one.parts.members());
    std::vector<PartId> renamed(one.parts.size());
    std::vector<Bytes> sizes(one.parts.size());
    for (std::size_t first = 0; first < renamed.size(); first += members) {
      std::vector<std::int32_t> names(members);
      for (std::size_t m = 0; m < members; ++m) {
        names[m] = static_cast<std::int32_t>(m);
        std::swap(names[m], names[random.below(m + 1)]);
      }
      for (std::size_t m = 0; m < members; ++m) {
        renamed[first + m] = {one.parts.part(first).group, names[m]};
        sizes[one.parts.number(renamed[first + m])] = one.parts.bytes(first + m);
      }
    }
    const auto rename = [&](PartId part) { return renamed[one.parts.number(part)]; };
    const auto rename_all = [&](std::vector<PartId> parts) {
      for (PartId& part : parts) part = rename(part);
      return parts;
    };
    std::optional<CacheOf<Make>> policy;
    std::optional<CacheOf<Make>> other;
    try {
      policy.emplace(make(one.parts, one.capacity));
      other.emplace(make(cache::Parts(one.parts.groups(), one.parts.members(), sizes), one.capacity));
    } catch (const BudgetExceeded&) {
      continue;
    }
    cache::Admission admission;
    cache::Admission answer;
    for (std::size_t call = 0; call < one.calls.size(); ++call) {
      const auto text = [&] { return one.text(call); };
      CacheCall twin = one.calls[call];
      for (std::int32_t& member : twin.used) member = rename({twin.group, member}).member;
      std::sort(twin.used.begin(), twin.used.end());
      for (std::size_t m = 0; m < twin.probabilities.size(); ++m) {
        const auto to = static_cast<std::size_t>(rename({twin.group, static_cast<std::int32_t>(m)}).member);
        twin.probabilities[to] = one.calls[call].probabilities[m];
      }
      twin.step = rename_all(twin.step);
      twin.part = rename(twin.part);
      const bool admitted = make_call(*policy, one.calls[call], admission);
      law.holds(make_call(*other, twin, answer) == admitted, text, ": refused under one name alone");
      if (!admitted || twin.kind != CacheCall::Kind::admit) continue;
      law.holds(answer.hits == rename_all(admission.hits) && answer.fetched == rename_all(admission.fetched) &&
                    answer.bypassed == rename_all(admission.bypassed) &&
                    answer.victims == rename_all(admission.victims),
                text, ": victims ", CacheCase::names(rename_all(admission.victims)), " become ",
                CacheCase::names(answer.victims));
    }
  }
}

/// Not part of `cache`, for it needs a program that counts: after construction no call allocates. allocations() is how
/// often the program has allocated so far.
template <class Make, class Allocations>
void nothing_is_allocated(const Make& make, const Allocations& allocations) {
  const Law law("once it is constructed, no call allocates", model_name<CacheOf<Make>>());
  for (CacheCase one : caches_to_try(false)) {
    // Steps that may be refused are left out: messages allocate.
    for (CacheCall& call : one.calls) {
      Bytes bytes{};
      for (const PartId part : call.step) bytes += one.parts.bytes(one.parts.number(part));
      if (bytes > one.capacity) call.step.clear();
    }
    std::optional<CacheOf<Make>> policy;
    try {
      policy.emplace(make(one.parts, one.capacity));
    } catch (const BudgetExceeded&) {
      continue;
    }
    cache::Admission admission;
    for (std::vector<PartId>* list :
         {&admission.hits, &admission.fetched, &admission.bypassed, &admission.victims}) {
      list->reserve(one.parts.size());
    }
    for (std::size_t call = 0; call < one.calls.size(); ++call) {
      const std::uint64_t before = allocations();
      make_call(*policy, one.calls[call], admission);
      const std::uint64_t allocated = allocations() - before;
      law.holds(
          allocated == 0, [&] { return one.text(call); }, ": ", allocated, " allocations");
    }
  }
}

}  // namespace asterism::laws
