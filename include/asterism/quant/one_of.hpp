// One of several formats, of which each matrix says by a number which it is in.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <tuple>
#include <type_traits>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/quant/concept.hpp"
#include "asterism/quant/fwd.hpp"
#include "asterism/quant/planes.hpp"

namespace asterism::quant {

namespace detail {
template <class One, class... All>
inline constexpr int occurrences = (0 + ... + (std::is_same_v<One, All> ? 1 : 0));
}  // namespace detail

/// Each matrix is in one of `Formats`, and its tag is the place of that one in the list. Kernels stay those of the
/// single formats: whoever has the tag switches once for a piece of work, by `visit`. Stands where a Blueprint names a
/// Quantization; which matrix has which tag says model::Formats.
template <class... Formats>
struct OneOf {
  static_assert(sizeof...(Formats) > 0 && sizeof...(Formats) < 256, "OneOf has from 1 to 255 formats");
  static_assert((Quantization<Formats> && ...), "each format of OneOf is a quant::Quantization");
  static_assert(((detail::occurrences<Formats, Formats...> == 1) && ...), "OneOf lists a format twice");

  using Listed = std::tuple<Formats...>;
  static constexpr std::size_t count = sizeof...(Formats);

  /// The tag of a listed format.
  template <class Format>
  static constexpr Tag tag_of() {
    static_assert(detail::occurrences<Format, Formats...> == 1, "OneOf does not list this format");
    std::size_t tag = 0;
    std::size_t at = 0;
    ((std::is_same_v<Format, Formats> ? void(tag = at++) : void(++at)), ...);
    return static_cast<Tag>(tag);
  }

  /// Calls `f.template operator()<Format>()` with the format of a tag. InvalidArgument for a tag beyond the list.
  template <class F>
  static constexpr void visit(Tag tag, F&& f) {
    std::size_t at = 0;
    const bool known = ((at++ == tag && (f.template operator()<Formats>(), true)) || ...);
    if (!known) throw InvalidArgument(concat("tag ", int{tag}, " is beyond the ", count, " formats of ", name()));
  }

  /// "one of Q4_K, Q6_K".
  static std::string name() {
    std::string names;
    ((names += (names.empty() ? "one of " : ", ") + Formats::name()), ...);
    return names;
  }
  static std::string name(Tag tag) {
    std::string out;
    visit(tag, [&]<class Format>() { out = Format::name(); });
    return out;
  }

  /// Of a matrix with that tag, as of its format.
  static constexpr Planes planes(Tag tag, std::uint64_t rows, std::uint64_t cols) {
    Planes out;
    visit(tag, [&]<class Format>() { out = Format::planes(rows, cols); });
    return out;
  }
  static constexpr int code_bits(Tag tag) {
    int out = 0;
    visit(tag, [&]<class Format>() { out = Format::code_bits; });
    return out;
  }
};

/// OneOf several formats, or what derives from it.
template <class Q>
concept Tagged = requires {
  typename Q::Listed;
  { Q::count } -> std::convertible_to<std::size_t>;
};

namespace detail {
template <class Q>
struct FirstOf {
  using Format = Q;
};
template <Tagged Q>
struct FirstOf<Q> {
  using Format = std::tuple_element_t<0, typename Q::Listed>;
};
}  // namespace detail

/// Q itself, or the first of those that Q lists.
template <class Q>
using FirstOf = typename detail::FirstOf<Q>::Format;

/// What weights may be in: a Quantization, or OneOf several.
template <class Q>
concept WeightFormat = Quantization<FirstOf<Q>>;

/// The planes of a matrix in Q, which has the tag where Q is OneOf several.
template <class Q>
constexpr Planes planes_of(Tag tag, std::uint64_t rows, std::uint64_t cols) {
  if constexpr (Tagged<Q>) {
    return Q::planes(tag, rows, cols);
  } else {
    return Q::planes(rows, cols);
  }
}

}  // namespace asterism::quant
