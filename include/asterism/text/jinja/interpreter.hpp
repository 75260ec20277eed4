// Runs a template's statements: one rendering.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/text/jinja/runtime.hpp"
#include "asterism/text/jinja/statement.hpp"
#include "asterism/text/jinja/value.hpp"

namespace asterism::text::jinja {

/// Names and their values; inner scopes are asked first. Names are those of the syntax tree, which outlives it.
struct Scope {
  const Scope* outer = nullptr;
  std::map<std::string_view, Value> values{};

  const Value* find(std::string_view name) const;
};

/// One rendering of a template. For one thread.
class Interpreter {
 public:
  /// `variables` are what the template is rendered with, a dict; it outlives the object, as `run` does.
  Interpreter(Runtime& run, const Value& variables);

  /// What the statements write. Throws FormatError, Unsupported, and InvalidArgument from `raise_exception`.
  std::string render(const std::vector<Statement>& statements);

  Runtime& run() { return run_; }
  /// The text of a macro called with `arguments`; it sees the names of `scope`, in which it was defined.
  Value call(const Macro& macro, const Scope& scope, const Arguments& arguments);

 private:
  enum class Flow : std::uint8_t { on, next_item, end_loop };

  Flow execute(const Block& block);
  Flow execute_one(const Statement& statement);
  Flow loop(const For& statement);
  void assign(const Target& target, const Value& value);
  /// Executes `block` in a scope of its own, into a text of its own.
  Value captured(const Block& block);

  Value evaluate(const Expression& expression);
  Value lookup(const std::string& name) const;
  Value apply(const Trailer& trailer, const Value& value);
  Value applied(const std::vector<Trailer>& trailers, Value value);
  Arguments arguments(const ArgumentList& list);
  Value call_with_caller(const CallBlock& statement);

  Value node(const Literal& literal) { return literal.value; }
  Value node(const Name& name) { return lookup(name.name); }
  Value node(const Items& items);
  Value node(const Members& members);
  Value node(const Unary& unary);
  Value node(const Arithmetic& arithmetic);
  Value node(const Comparison& comparison);
  Value node(const Logic& logic);
  Value node(const Concatenation& concatenation);
  Value node(const Conditional& conditional);
  Value node(const Postfix& postfix);

  Runtime& run_;
  const Value& variables_;
  std::map<std::string_view, Value> globals_;
  Scope* scope_ = nullptr;
  TextBuilder* out_ = nullptr;
};

}  // namespace asterism::text::jinja

#if !defined(ASTERISM_COMPILED)
#include "asterism/text/jinja/evaluate_impl.hpp"
#include "asterism/text/jinja/interpreter_impl.hpp"
#endif
