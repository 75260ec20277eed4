// The syntax tree of statements.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "asterism/text/jinja/expression.hpp"

namespace asterism::text::jinja {

using Block = std::vector<Statement>;

/// What is assigned to: a name, an attribute of a namespace, or several of them.
struct Target {
  std::string name;
  std::string attribute;      ///< of the namespace `name`; empty: the name itself
  std::vector<Target> parts;  ///< for a, b; then the name is empty
};

struct Data {
  std::string text;
};

/// {{ value }}
struct Print {
  Expression value;
};

/// Conditions and bodies in turn; the first that is true.
struct If {
  std::vector<Expression> conditions;
  std::vector<Block> bodies;  ///< one more than conditions if there is an else
};

struct For {
  Target target;
  Expression iterable;
  std::optional<Expression> condition;
  Block body;
  Block otherwise;
};

struct Set {
  Target target;
  Expression value;
};

/// {% set target | filters %}body{% endset %}
struct SetBlock {
  Target target;
  std::vector<Trailer> filters;
  Block body;
};

struct Macro {
  std::string name;
  std::vector<std::string> parameters;
  std::vector<Expression> defaults;  ///< of the last parameters
  Block body;
  // Whether the body names these, which are filled only then.
  bool uses_varargs = false;
  bool uses_kwargs = false;
  bool uses_caller = false;
};

/// {% call(parameters) macro(...) %}body{% endcall %}
struct CallBlock {
  Macro caller;
  Expression call;
};

struct FilterBlock {
  std::vector<Trailer> filters;
  Block body;
};

struct With {
  std::vector<Target> targets;
  std::vector<Expression> values;
  Block body;
};

/// {% generation %}: marks what the assistant says; writes its body.
struct Generation {
  Block body;
};

struct Break {};
struct Continue {};

struct Statement {
  std::uint32_t line = 0;
  std::variant<Data, Print, If, For, Set, SetBlock, Macro, CallBlock, FilterBlock, With, Generation, Break,
               Continue>
      node;
};

}  // namespace asterism::text::jinja
