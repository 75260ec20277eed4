// A threshold with two edges, so that what moves around it is told once.
#pragma once

#include "asterism/core/error.hpp"

namespace asterism {

/// On from `on` upwards, off from `off` downwards; between the two it stays as it was. Where off > on it is the other
/// way round: on from `on` downwards, off from `off` upwards. Not a number changes nothing.
class Hysteresis {
 public:
  /// Throws InvalidArgument unless they are two numbers.
  constexpr Hysteresis(double on, double off) : on_(on), off_(off) {
    if (!(on < off || on > off))
      throw InvalidArgument("a Hysteresis needs two numbers that differ, to be on and off");
  }

  /// True if that changed it.
  constexpr bool update(double value) {
    const bool now_on = rises() ? value >= on_ : value <= on_;
    const bool now_off = rises() ? value <= off_ : value >= off_;
    if (is_on_ ? !now_off : !now_on) return false;
    is_on_ = !is_on_;
    return true;
  }
  constexpr bool is_on() const { return is_on_; }
  /// It is on from `on` upwards.
  constexpr bool rises() const { return on_ > off_; }
  constexpr double on() const { return on_; }
  constexpr double off() const { return off_; }

 private:
  double on_;
  double off_;
  bool is_on_ = false;
};

}  // namespace asterism
