// The arguments of a call, taken apart by the names of the parameters.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "asterism/core/config.hpp"
#include "asterism/text/jinja/runtime.hpp"
#include "asterism/text/jinja/value.hpp"

namespace asterism::text::jinja {

/// Arguments in the order of the parameters; borrows them. The constructor throws as Python: for arguments that are
/// missing, too many, given twice or unknown.
class Bound {
 public:
  static constexpr std::size_t max_parameters = 6;

  /// `callee` names the function in messages; the first `required` parameters have to be given.
  Bound(Runtime& run, std::string_view callee, const Arguments& arguments,
        std::initializer_list<std::string_view> parameters, std::size_t required = 0);
  Bound(Runtime& run, std::string_view callee, Arguments&& arguments,
        std::initializer_list<std::string_view> parameters, std::size_t required = 0) = delete;

  bool has(std::size_t i) const { return values_[i] != nullptr; }
  /// The argument, which has to be given.
  const Value& operator[](std::size_t i) const { return *values_[i]; }
  /// The argument, or `otherwise`.
  Value value(std::size_t i, const Value& otherwise) const { return has(i) ? *values_[i] : otherwise; }
  bool truth(std::size_t i, bool otherwise) const { return has(i) ? values_[i]->truth() : otherwise; }
  /// `otherwise` for none too.
  std::int64_t integer(std::size_t i, std::int64_t otherwise) const;
  std::string_view text(std::size_t i, std::string_view otherwise) const;
  std::string_view text(std::size_t i) const { return text(i, {}); }

 private:
  Runtime& run_;
  std::string_view callee_;
  std::array<std::string_view, max_parameters> names_{};
  std::array<const Value*, max_parameters> values_{};
};

}  // namespace asterism::text::jinja

#if !defined(ASTERISM_COMPILED)
#include "asterism/text/jinja/arguments_impl.hpp"
#endif
