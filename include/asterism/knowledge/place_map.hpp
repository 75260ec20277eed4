// Values of the few places of a large graph that an algorithm meets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace asterism::knowledge {

/// Keeps a value for each place that was added, in the order in which they were. Memory and time grow with these, not
/// with the graph. Open addressing with linear probing, at most half full. Not thread-safe.
template <class T>
class PlaceMap {
 public:
  struct Entry {
    std::uint32_t place;
    T value;
  };
  static constexpr std::uint32_t none = ~std::uint32_t{0};

  PlaceMap() : slots_(16) {}

  /// Where the place's entry is, `none` if it has none.
  std::uint32_t find(std::uint32_t place) const { return slots_[slot_of(place)].entry; }
  /// Where it is, and whether it is new: then with T{} as its value.
  std::pair<std::uint32_t, bool> add(std::uint32_t place) {
    Slot& slot = slots_[slot_of(place)];
    if (slot.entry != none) return {slot.entry, false};
    const auto at = static_cast<std::uint32_t>(entries_.size());
    slot = {place, at};
    entries_.push_back({place, T{}});
    if (2 * entries_.size() > slots_.size()) grow();
    return {at, true};
  }

  std::size_t size() const { return entries_.size(); }
  T& operator[](std::size_t entry) { return entries_[entry].value; }
  const T& operator[](std::size_t entry) const { return entries_[entry].value; }
  const std::vector<Entry>& entries() const { return entries_; }

 private:
  struct Slot {
    std::uint32_t place = 0;
    std::uint32_t entry = none;
  };

  /// The place's slot, or the free one where it would be.
  std::size_t slot_of(std::uint32_t place) const {
    std::size_t at = place * 0x9E3779B97F4A7C15U >> shift_;
    while (slots_[at].entry != none && slots_[at].place != place) at = (at + 1) & (slots_.size() - 1);
    return at;
  }
  void grow() {
    slots_.assign(2 * slots_.size(), Slot{});
    --shift_;
    for (std::uint32_t i = 0; i < entries_.size(); ++i)
      slots_[slot_of(entries_[i].place)] = {entries_[i].place, i};
  }

  std::vector<Slot> slots_;
  std::vector<Entry> entries_;
  unsigned shift_ = 60;  // 64 less the logarithm of the number of slots
};

}  // namespace asterism::knowledge
