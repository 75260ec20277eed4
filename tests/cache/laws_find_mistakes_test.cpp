// Each law of caches finds a cache that breaks it.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/cache/least_recent.hpp"
#include "asterism/cache/s3_fifo.hpp"
#include "asterism/core/error.hpp"

#include "laws/cache_laws.hpp"

using namespace asterism;
using namespace asterism::cache;

namespace {

/// What is told of the law that the cache breaks; empty if it breaks none.
template <class Call>
std::string broken(const Call& call) {
  try {
    call();
  } catch (const laws::LawBroken& error) {
    return error.what();
  }
  return "";
}

template <class C>
auto maker() {
  return [](const Parts& parts, Bytes capacity) { return C(parts, capacity); };
}

struct Base : LeastRecent {
  using LeastRecent::LeastRecent;
};

/// Says that it has half of what it has.
struct OverBudget : Base {
  using Base::Base;
  Bytes capacity() const { return {Base::capacity().count / 2}; }
};

/// Forgets to tell the last victim.
struct HidesVictim : Base {
  using Base::Base;
  void admit(View<const PartId> step, Admission& admission) {
    Base::admit(step, admission);
    if (!admission.victims.empty()) admission.victims.pop_back();
  }
};

/// Tells of a hit that it was fetched.
struct FetchesHits : Base {
  using Base::Base;
  void admit(View<const PartId> step, Admission& admission) {
    Base::admit(step, admission);
    if (admission.hits.empty()) return;
    admission.fetched.push_back(admission.hits.back());
    admission.hits.pop_back();
  }
};

/// Leaves out what it bypasses.
struct HidesBypassed : Base {
  HidesBypassed(const Parts& parts, Bytes capacity) : Base(parts, capacity, {.bypass = true}) {}
  void admit(View<const PartId> step, Admission& admission) {
    Base::admit(step, admission);
    admission.bypassed.clear();
  }
};

/// Admits a step part by part, so that its own parts become victims.
struct OneByOne : Base {
  using Base::Base;
  void admit(View<const PartId> step, Admission& admission) {
    admission.clear();
    Admission each;
    for (const PartId part : step) {
      Base::admit(View<const PartId>(&part, 1), each);
      admission.hits.insert(admission.hits.end(), each.hits.begin(), each.hits.end());
      admission.fetched.insert(admission.fetched.end(), each.fetched.begin(), each.fetched.end());
      admission.victims.insert(admission.victims.end(), each.victims.begin(), each.victims.end());
    }
  }
};

/// Does not count pins.
struct PinsOnce : Base {
  using Base::Base;
  void pin(PartId part) {
    if (pins[part]++ == 0) Base::pin(part);
  }
  void unpin(PartId part) {
    if (pins[part] == 0) throw InvalidArgument("not pinned");
    if (pins[part]-- > 0 && released[part]++ == 0) Base::unpin(part);
    if (pins[part] == 0) released[part] = 0;
  }
  std::map<PartId, int> pins{};
  std::map<PartId, int> released{};
};

/// Pins are ignored where they are given, and so can't be released too often.
struct ForgivesUnpin : Base {
  using Base::Base;
  void unpin(PartId part) {
    try {
      Base::unpin(part);
    } catch (const InvalidArgument&) {
    }
  }
};

/// Refuses a step of which it has admitted the first part.
struct HalfAdmitted : Base {
  using Base::Base;
  void admit(View<const PartId> step, Admission& admission) {
    try {
      if (step.size > 1) Base::admit(step.subview(0, 1), admission);
    } catch (const BudgetExceeded&) {
    }
    Base::admit(step, admission);
  }
};

/// Gives up too early.
struct Timid : Base {
  Timid(const Parts& parts, Bytes capacity) : Base(parts, capacity), all(parts) {}
  void admit(View<const PartId> step, Admission& admission) {
    std::string names;
    Bytes needed{};
    for (const PartId part : step) {
      names += to_string(part);
      if (all.has(part)) needed += all.bytes(all.number(part));
    }
    if (needed.count > 0 && needed.count + 3 > capacity().count && step.size > 1 && step[0] != step[1]) {
      bool known = true;
      for (const PartId part : step) known = known && all.has(part);
      if (known) throw BudgetExceeded(names);
    }
    Base::admit(step, admission);
  }
  Parts all;
};

/// Refuses without a name.
struct Nameless : Base {
  using Base::Base;
  void admit(View<const PartId> step, Admission& admission) {
    try {
      Base::admit(step, admission);
    } catch (const InvalidArgument&) {
      throw InvalidArgument("no such step");
    }
  }
};

/// Counts objects, and decides by that.
struct Moody : Base {
  Moody(const Parts& parts, Bytes capacity) : Base(parts, capacity, {.bypass = true}), skips(++made % 2 == 0) {}
  void admit(View<const PartId> step, Admission& admission) {
    if (skips && step.size == 1) {
      Base::admit({}, admission);
      if (!contains(step[0])) return admission.bypassed.push_back(step[0]);
    }
    Base::admit(step, admission);
  }
  static inline int made = 0;
  bool skips;
};

/// Its value is a count.
struct CountsValue : Base {
  using Base::Base;
  float value(PartId part) const { return contains(part) ? 2.0F : 0.0F; }
};

/// Observing brings in what was used.
struct FetchesEarly : Base {
  using Base::Base;
  void observe(std::int32_t group, View<const std::int32_t> used, View<const float> probabilities) {
    Base::observe(group, used, probabilities);
    if (used.empty()) return;
    const PartId part{group, used[0]};
    Admission admission;
    try {
      Base::admit(View<const PartId>(&part, 1), admission);
    } catch (const BudgetExceeded&) {
    }
  }
};

/// The order of a step is that of the numbers.
struct ByNumber : Base {
  using Base::Base;
  void admit(View<const PartId> step, Admission& admission) {
    std::vector<PartId> sorted(step.begin(), step.end());
    std::sort(sorted.begin(), sorted.end());
    Base::admit(sorted, admission);
  }
};

template <class C, class Check>
bool finds(std::string_view what, const Check& law) {
  const std::string told = broken([&] { law(maker<C>()); });
  INFO(told);
  const bool found = told.find(what) != std::string::npos;
  CHECK(found);
  CHECK(broken([&] { law(maker<Base>()); }).empty());
  return found;
}

}  // namespace

TEST_CASE("residents beyond the capacity, and residents that come outside of admit") {
  const auto law = [](const auto& make) { laws::residents_fit(make); };
  finds<OverBudget>("residents have", law);
  finds<FetchesEarly>("other parts are resident than before", law);
}

TEST_CASE("lists that do not tell what changed") {
  const auto law = [](const auto& make) { laws::lists_tell_what_changed(make); };
  finds<HidesVictim>("is not listed, but came or left", law);
  finds<FetchesHits>("of the fetched was resident", law);
  finds<HidesBypassed>("not listed: ", law);
  finds<OneByOne>("of the step", law);
}

TEST_CASE("pins that do not hold") {
  const auto law = [](const auto& make) { laws::pinned_parts_stay(make); };
  finds<PinsOnce>("although it is pinned", law);
  finds<ForgivesUnpin>("which is not pinned", law);
}

TEST_CASE("refusals that change something, come without need or name nothing") {
  const auto law = [](const auto& make) { laws::refusals_change_nothing(make); };
  finds<HalfAdmitted>("others are resident", law);
  finds<Timid>("would do", law);
  finds<Nameless>("does not name", law);
}

TEST_CASE("answers that depend on more than the calls") {
  finds<Moody>("then", [](const auto& make) { laws::calls_decide(make); });
}

TEST_CASE("values beyond 1") {
  finds<CountsValue>("has 2", [](const auto& make) { laws::values_are_shares(make); });
}

TEST_CASE("answers that depend on the numbers of members") {
  finds<ByNumber>("become", [](const auto& make) { laws::names_do_not_matter(make); });
}
