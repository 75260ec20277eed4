// The contracts of the librarian: the policies that it follows, and what others see of it.
#pragma once

#include <concepts>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/core/view.hpp"
#include "asterism/knowledge/records.hpp"
#include "asterism/librarian/report.hpp"
#include "asterism/librarian/statement.hpp"

namespace asterism::librarian {

/// What a ConflictPolicy says.
enum class Verdict : std::uint8_t {
  supersede,  ///< the later one ends the earlier; of the same instant both stay, and the more confident counts
  refuse      ///< what is said is not kept
};

namespace needs {

template <class S>
concept of = requires(View<const float> a, View<const float> b) {
  { S::of(a, b) } -> std::same_as<double>;
};

template <class S>
concept thresholds = requires {
  { S::join } -> std::convertible_to<double>;
  { S::merge } -> std::convertible_to<double>;
};

template <class M>
concept allows = requires(const Statement& a, const Statement& b) {
  { M::allows(a, b) } -> std::same_as<bool>;
};

template <class M>
concept combine = requires(View<const knowledge::Node> members) {
  { M::combine(members) } -> std::same_as<knowledge::Node>;
};

template <class C>
concept decide = requires(const knowledge::Edge& held, const knowledge::Edge& said) {
  { C::decide(held, said) } -> std::same_as<Verdict>;
};

template <class E>
concept worth = requires(const knowledge::Node& node, const knowledge::Use& use, knowledge::Time now) {
  { E::worth(node, use, now) } -> std::same_as<double>;
};

}  // namespace needs

/// How alike two vectors are, and from where on reports may be one.
///
/// 1. `of(a, b)`: vectors of equal width, neither zeros; symmetric, and never above of(a, a). Pure.
/// 2. `join`: reports of one batch that are at least so alike may become one. `merge`: so may a report and a node; at
///    least `join`.
///
/// Models: librarian::Cosine.
template <class S>
concept SimilarityPolicy = needs::of<S> && needs::thresholds<S>;

/// Which reports say the same, and what stands for them.
///
/// 1. `allows(a, b)`: true if the two may be one, however alike their vectors are. Symmetric, and true of a and a.
/// Pure.
/// 2. `combine(members)`: the node that stands for them, at least one, by id: all that the librarian asks of it is
/// kind,    text, vector, confidence, weight and sources. The same in any order of the members but for the first, the
///    anchor; of one member it is that one. Pure.
///
/// Models: librarian::WeightedCentre.
template <class M>
concept MergePolicy = needs::allows<M> && needs::combine<M>;

/// What happens where a fact holds and another one of the same functional kind is reported.
///
/// `decide(held, said)`: edges of one kind that leave one node and overlap in time, to different facts. Pure.
///
/// Models: librarian::LaterEnds, librarian::FirstStays.
template <class C>
concept ConflictPolicy = needs::decide<C>;

/// What goes where there is no room.
///
/// `worth(node, use, now)`: finite, at least 0; the nodes worth least go, never pinned ones. Pure.
///
/// Models: librarian::FadingWorth.
template <class E>
concept EvictionPolicy = needs::worth<E>;

/// One thing that was found.
struct Passage {
  knowledge::NodeId id = knowledge::no_node;
  std::string text{};
  double score = 0;
};

/// Where assistants look things up.
///
/// `retrieve(query, category, budget)`: the best first; `category` names a kind of question, empty: any; `budget` is in
/// tokens of the texts together.
template <class R>
concept Retriever = requires(R& retriever, std::string_view query, std::string_view category, std::size_t budget) {
  { retriever.retrieve(query, category, budget) } -> std::same_as<std::vector<Passage>>;
};

/// Where experts put what they found out. `file(reports, now)`: see Filed.
template <class S>
concept ReportSink = requires(S& sink, View<const Report> reports, knowledge::Time now) {
  { sink.file(reports, now) } -> std::same_as<Filed>;
};

}  // namespace asterism::librarian
