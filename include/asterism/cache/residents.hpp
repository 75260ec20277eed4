// The bookkeeping that caches share: which parts are resident, what they take, what is pinned.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "asterism/cache/concept.hpp"
#include "asterism/cache/parts.hpp"

namespace asterism::cache {

/// Residents of a budget, for caches to compose: a policy finds the next victim, the rest is here. Parts go by their
/// numbers (`Parts::number`). A step goes
///
///     begin(step, admission);            // fills hits and misses(), or refuses
///     require_room();                    // unless the cache may bypass
///     for each of misses(): either evict(victims...) until has_room(miss), and fetch(miss); or bypass(miss)
///     end();
class Residents {
 public:
  Residents(const Parts& parts, Bytes capacity);

  const Parts& parts() const { return parts_; }
  Bytes capacity() const { return capacity_; }
  Bytes used() const { return used_; }  ///< bytes of all residents, <= capacity()
  bool contains(PartId part) const { return parts_.has(part) && is_resident(parts_.number(part)); }
  bool is_resident(std::size_t number) const { return (state_[number] & resident) != 0; }
  /// Resident, not pinned, not of the step that is being admitted.
  bool may_leave(std::size_t number) const { return state_[number] == resident; }

  /// Makes all parts resident; there has to be room for them.
  void fill();

  /// As the contract says. Both throw InvalidArgument for a part that there is not; unpin for one that is not pinned.
  void pin(PartId part);
  void unpin(PartId part);

  /// Marks the parts of the step, clears `admission` and fills its hits. Throws InvalidArgument for a part that there
  /// is not or that is named twice, and changes nothing then. `admission` has to live until `end`.
  void begin(View<const PartId> step, Admission& admission);
  /// Of the step, in its order: parts that are not resident. Policies may sort them.
  std::vector<std::size_t>& misses() { return misses_; }
  /// Throws BudgetExceeded, naming the step's misses, and ends the step, if they don't fit beside its hits and what is
  /// pinned.
  void require_room();
  bool has_room(std::size_t number) const { return parts_.bytes(number) <= capacity_ - used_; }
  void evict(std::size_t number);   ///< `number` may leave
  void fetch(std::size_t number);   ///< of misses(), with room
  void bypass(std::size_t number);  ///< of misses()
  void end();

 private:
  enum State : std::uint8_t { resident = 1, pinned = 2, in_step = 4 };

  void unmark();

  Parts parts_;
  Bytes capacity_;
  Bytes used_{};
  Bytes pinned_{};                   // of residents that are pinned
  std::vector<std::uint8_t> state_;  // (parts)
  std::vector<std::uint32_t> pins_;  // (parts)
  std::vector<std::size_t> step_;    // numbers of the parts of the step
  std::vector<std::size_t> misses_;  // those of them that are not resident
  Admission* admission_ = nullptr;   // of the step
};

}  // namespace asterism::cache

#if !defined(ASTERISM_COMPILED)
#include "asterism/cache/residents_impl.hpp"
#endif
