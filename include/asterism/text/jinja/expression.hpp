// The syntax tree of expressions. What associates to one side is one node of many operands, so that the depth of a tree
// is that of its brackets.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "asterism/text/jinja/operators.hpp"
#include "asterism/text/jinja/value.hpp"

namespace asterism::text::jinja {

using ExpressionPtr = std::unique_ptr<Expression>;

struct Literal {
  Value value;
};

struct Name {
  std::string name;
};

/// [a, b] or (a, b)
struct Items {
  Sequence::Type type = Sequence::Type::list;
  std::vector<Expression> items;
};

/// {key: value}; keys and values in turns
struct Members {
  std::vector<Expression> keys_and_values;
};

struct Unary {
  enum class Sign : std::uint8_t { no, minus, plus };
  Sign sign = Sign::no;
  ExpressionPtr operand;
};

/// a + b - c, from left to right
struct Arithmetic {
  std::vector<Expression> operands;
  std::vector<Operator> operators;
};

/// a < b <= c: each with its neighbour, all true
struct Comparison {
  std::vector<Expression> operands;
  std::vector<Operator> operators;
};

/// a and b and c, or with `or`: the first that decides
struct Logic {
  bool is_and = true;
  std::vector<Expression> operands;
};

/// a ~ b ~ c
struct Concatenation {
  std::vector<Expression> operands;
};

/// value if condition else otherwise
struct Conditional {
  ExpressionPtr condition;
  ExpressionPtr value;
  ExpressionPtr otherwise;  ///< may be null: undefined
};

/// The arguments of a call, a filter or a test.
struct ArgumentList {
  std::vector<Expression> positional;
  std::vector<std::string> names;
  std::vector<Expression> named;
};

/// One of what follows a value: .name, [key], [start:stop:step], (arguments), |filter, is test
struct Trailer {
  enum class Kind : std::uint8_t { attribute, item, slice, call, filter, test, not_test };
  Kind kind = Kind::attribute;
  std::uint32_t line = 0;
  std::string name;        ///< of attribute, filter, test
  ArgumentList arguments;  ///< of call, filter, test; the key of an item; start, stop and step of a slice
};

/// a.b[c]|d is e, from left to right
struct Postfix {
  ExpressionPtr base;
  std::vector<Trailer> trailers;
};

struct Expression {
  std::uint32_t line = 0;
  std::variant<Literal, Name, Items, Members, Unary, Arithmetic, Comparison, Logic, Concatenation, Conditional,
               Postfix>
      node;
};

}  // namespace asterism::text::jinja
