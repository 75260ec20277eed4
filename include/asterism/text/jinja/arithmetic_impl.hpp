// Bodies of arithmetic.hpp.
#pragma once

#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include "asterism/core/format.hpp"
#include "asterism/text/jinja/arithmetic.hpp"
#include "asterism/text/jinja/format_text.hpp"
#include "asterism/text/jinja/operators.hpp"
#include "asterism/text/jinja/operators_impl.hpp"
#include "asterism/text/jinja/text_filters.hpp"

namespace asterism::text::jinja {

namespace detail {

inline constexpr std::string_view arithmetic_signs[] = {"+", "-", "*", "/", "//", "%", "**"};

[[noreturn]] inline void too_large(Runtime& run) { run.unsupported("an integer of more than 64 bits"); }

/// Quotient rounded down, and the remainder that goes with it, as in Python. `divisor` is neither 0 nor -1.
inline std::pair<std::int64_t, std::int64_t> divided(std::int64_t value, std::int64_t divisor) {
  std::int64_t quotient = value / divisor;
  std::int64_t remainder = value % divisor;
  if (remainder != 0 && (remainder < 0) != (divisor < 0)) {
    --quotient;
    remainder += divisor;
  }
  return {quotient, remainder};
}

inline Value integer_power(Runtime& run, std::int64_t base, std::int64_t exponent) {
  if (exponent < 0) {
    if (base == 0) run.fail("0 to a negative power");
    return std::pow(static_cast<double>(base), static_cast<double>(exponent));
  }
  if (base == 0 || base == 1) return exponent == 0 ? std::int64_t{1} : base;
  if (base == -1) return std::int64_t{exponent % 2 == 0 ? 1 : -1};
  std::int64_t out = 1;
  for (std::int64_t i = 0; i < exponent; ++i) {  // at most 63 times
    if (__builtin_mul_overflow(out, base, &out)) too_large(run);
  }
  return out;
}

inline Value of_integers(Runtime& run, Operator op, std::int64_t a, std::int64_t b) {
  std::int64_t out = 0;
  switch (op) {
    case Operator::add:
      if (__builtin_add_overflow(a, b, &out)) too_large(run);
      return out;
    case Operator::subtract:
      if (__builtin_sub_overflow(a, b, &out)) too_large(run);
      return out;
    case Operator::multiply:
      if (__builtin_mul_overflow(a, b, &out)) too_large(run);
      return out;
    case Operator::power:
      return integer_power(run, a, b);
    default:
      break;
  }
  if (b == 0) run.fail("a division by zero");
  if (op == Operator::divide) return static_cast<double>(a) / static_cast<double>(b);
  if (b == -1) {
    if (op == Operator::modulo) return std::int64_t{0};
    if (__builtin_sub_overflow(std::int64_t{0}, a, &out)) too_large(run);
    return out;
  }
  return op == Operator::divide_floor ? divided(a, b).first : divided(a, b).second;
}

inline Value of_numbers(Runtime& run, Operator op, double a, double b) {
  switch (op) {
    case Operator::add:
      return a + b;
    case Operator::subtract:
      return a - b;
    case Operator::multiply:
      return a * b;
    case Operator::power:
      if (a < 0 && b != std::floor(b)) run.unsupported("a complex number");
      return std::pow(a, b);
    default:
      break;
  }
  if (b == 0) run.fail("a division by zero");
  if (op == Operator::divide) return a / b;
  double remainder = std::fmod(a, b);
  if (remainder != 0 && (remainder < 0) != (b < 0)) remainder += b;
  if (op == Operator::modulo) return remainder == 0 ? std::copysign(0.0, b) : remainder;
  const double quotient = (a - remainder) / b;
  return quotient - std::floor(quotient) > 0.5 ? std::floor(quotient) + 1 : std::floor(quotient);
}

/// `count` times text or a list.
inline Value repeated(Runtime& run, const Value& what, std::int64_t count) {
  const auto times = static_cast<std::size_t>(count > 0 ? count : 0);
  if (what.is(Kind::text)) return TextBuilder(run).repeat(times, what.text()).finish();
  const std::vector<Value>& items = what.sequence().items;
  if (items.empty()) return what;
  run.check_room(times > max_held_bytes ? max_held_bytes + 1 : times * items.size() * sizeof(Value));
  std::vector<Value> out;
  for (std::size_t i = 0; i < times; ++i) {
    run.step(1 + items.size() / 8);
    out.insert(out.end(), items.begin(), items.end());
  }
  return run.sequence(what.sequence().type, std::move(out));
}

inline bool is_list_or_tuple(const Value& value) {
  return value.is(Kind::sequence) &&
         (value.sequence().type == Sequence::Type::list || value.sequence().type == Sequence::Type::tuple);
}

}  // namespace detail

ASTERISM_INLINE Value arithmetic(Runtime& run, Operator op, const Value& left, const Value& right) {
  if (left.is_integral() && right.is_integral()) {
    return detail::of_integers(run, op, left.integer(), right.integer());
  }
  if (left.is_number() && right.is_number()) return detail::of_numbers(run, op, left.number(), right.number());
  if (op == Operator::add) {
    if (left.is(Kind::text) && right.is(Kind::text)) {
      const bool is_markup = left.is_markup() || right.is_markup();
      TextBuilder out(run);
      for (const Value* part : {&left, &right})
        out.append(is_markup ? std::string_view(escaped(run, *part)) : part->text());
      return run.text(out.take(), is_markup);
    }
    if (detail::is_list_or_tuple(left) && detail::is_list_or_tuple(right) &&
        left.sequence().type == right.sequence().type) {
      const std::vector<Value>& more = right.sequence().items;
      run.check_room((left.sequence().items.size() + more.size()) * sizeof(Value));
      std::vector<Value> items = left.sequence().items;
      items.insert(items.end(), more.begin(), more.end());
      return run.sequence(left.sequence().type, std::move(items));
    }
  }
  if (op == Operator::multiply) {
    const auto repeats = [](const Value& value) {
      return value.is(Kind::text) || detail::is_list_or_tuple(value);
    };
    if (repeats(left) && right.is_integral()) return detail::repeated(run, left, right.integer());
    if (repeats(right) && left.is_integral()) return detail::repeated(run, right, left.integer());
  }
  if (op == Operator::modulo && left.is(Kind::text)) return format_text(run, left, right);
  detail::wrong_operands(run, detail::arithmetic_signs[static_cast<std::size_t>(op)], left, right);
}

ASTERISM_INLINE Value negative(Runtime& run, const Value& value) {
  if (value.is(Kind::undefined)) run.fail(value.why());
  if (value.is_integral()) return detail::of_integers(run, Operator::subtract, 0, value.integer());
  if (!value.is_number()) run.fail(concat("'-' of ", value.type_name()));
  return -value.number();
}

}  // namespace asterism::text::jinja
