// Bodies of residents.hpp.
#pragma once

#include <string>

#include "asterism/cache/residents.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"

namespace asterism::cache {

ASTERISM_INLINE Residents::Residents(const Parts& parts, Bytes capacity)
    : parts_(parts), capacity_(capacity), state_(parts.size()), pins_(parts.size()) {
  step_.reserve(parts.size());
  misses_.reserve(parts.size());
}

ASTERISM_INLINE void Residents::fill() {
  for (std::uint8_t& state : state_) state |= resident;
  used_ = parts_.total();
}

ASTERISM_INLINE void Residents::pin(PartId part) {
  const std::size_t number = parts_.number(part);
  if (pins_[number]++ > 0) return;
  state_[number] |= pinned;
  if (is_resident(number)) pinned_ += parts_.bytes(number);
}

ASTERISM_INLINE void Residents::unpin(PartId part) {
  const std::size_t number = parts_.number(part);
  if (pins_[number] == 0) {
    throw InvalidArgument(concat(to_string(part), " is unpinned more often than it was pinned"));
  }
  if (--pins_[number] > 0) return;
  state_[number] &= static_cast<std::uint8_t>(~pinned);
  if (is_resident(number)) pinned_ -= parts_.bytes(number);
}

ASTERISM_INLINE void Residents::begin(View<const PartId> step, Admission& admission) {
  step_.clear();
  misses_.clear();
  for (const PartId part : step) {
    if (!parts_.has(part) || (state_[parts_.number(part)] & in_step) != 0) {
      unmark();
      parts_.number(part);  // refuses a part that there is not
      throw InvalidArgument(concat("a step names ", to_string(part), " twice: expected distinct parts"));
    }
    step_.push_back(parts_.number(part));
    state_[step_.back()] |= in_step;
  }
  admission.clear();
  admission_ = &admission;
  for (const std::size_t number : step_) {
    if (is_resident(number)) {
      admission.hits.push_back(parts_.part(number));
    } else {
      misses_.push_back(number);
    }
  }
}

ASTERISM_INLINE void Residents::require_room() {
  Bytes needed{};
  for (const std::size_t number : misses_) needed += parts_.bytes(number);
  Bytes hits{};  // those that are not pinned besides
  for (const std::size_t number : step_) {
    if (is_resident(number) && (state_[number] & pinned) == 0) hits += parts_.bytes(number);
  }
  if (needed <= capacity_ - hits - pinned_) return;
  std::string names;
  for (const std::size_t number : misses_) {
    names += concat(names.empty() ? "" : ", ", to_string(parts_.part(number)));
  }
  admission_->clear();
  end();
  throw BudgetExceeded(concat("a step needs ", needed.count, " bytes for parts that are not resident (", names,
                              "), but of the cache's ", capacity_.count, " bytes ", hits.count,
                              " hold other parts of the step and ", pinned_.count,
                              " pinned ones: unpin some, cut the step into several, or let the cache bypass"));
}

ASTERISM_INLINE void Residents::evict(std::size_t number) {
  state_[number] &= static_cast<std::uint8_t>(~resident);
  used_ -= parts_.bytes(number);
  admission_->victims.push_back(parts_.part(number));
}

ASTERISM_INLINE void Residents::fetch(std::size_t number) {
  if ((state_[number] & pinned) != 0) pinned_ += parts_.bytes(number);
  state_[number] |= resident;
  used_ += parts_.bytes(number);
  admission_->fetched.push_back(parts_.part(number));
}

ASTERISM_INLINE void Residents::bypass(std::size_t number) { admission_->bypassed.push_back(parts_.part(number)); }

ASTERISM_INLINE void Residents::end() {
  unmark();
  admission_ = nullptr;
}

ASTERISM_INLINE void Residents::unmark() {
  for (const std::size_t number : step_) state_[number] &= static_cast<std::uint8_t>(~in_step);
}

}  // namespace asterism::cache
