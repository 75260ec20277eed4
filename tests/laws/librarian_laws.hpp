// The laws of the librarian's policies, one function template for each, for those of the toolkit and for your own:
//
//   TEST_CASE("my merging obeys the laws") { laws::merge_policy<MyMerge>(); }
//
// Needs doctest.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/random.hpp"
#include "asterism/librarian/concept.hpp"

#include "laws/law.hpp"

namespace asterism::laws {

namespace detail {

inline std::vector<float> random_direction(Random& random, std::size_t size = 24) {
  std::vector<float> numbers(size);
  for (float& x : numbers) x = static_cast<float>(random.normal());
  return numbers;
}

}  // namespace detail

/// Symmetric, greatest of a vector and itself; thresholds are ordered.
template <librarian::SimilarityPolicy Similarity>
void similarity_policy() {
  CHECK(Similarity::join <= Similarity::merge);
  Random random(1);
  for (int round = 0; round < 100; ++round) {
    const std::vector<float> a = detail::random_direction(random);
    const std::vector<float> b = detail::random_direction(random);
    const View<const float> left(a);
    const View<const float> right(b);
    CHECK(Similarity::of(left, right) == Similarity::of(right, left));
    CHECK(Similarity::of(left, right) <= Similarity::of(left, left) + 1e-9);
    CHECK(Similarity::of(left, left) >= Similarity::merge);
  }
}

/// Who says the same is no matter of order; what stands for reports keeps their sources, is no less certain than any of
/// them, and does not drift: of many alike ones the vector stays near the first.
template <librarian::MergePolicy Merge>
void merge_policy() {
  Random random(2);
  std::vector<librarian::Statement> statements;
  for (int i = 0; i < 40; ++i) {
    librarian::Statement one{.kind = static_cast<std::uint16_t>(random.below(2)),
                             .mergeable = random.below(4) != 0};
    if (random.below(2) == 0) one.figures = {std::to_string(random.below(2))};
    if (random.below(2) == 0) one.names = {"name " + std::to_string(random.below(2))};
    if (random.below(3) == 0) {
      one.about = {static_cast<std::uint32_t>(random.below(2))};
      one.relation = static_cast<std::uint16_t>(random.below(2));
    }
    statements.push_back(one);
  }
  for (const librarian::Statement& a : statements) {
    if (a.mergeable) {
      CHECK(Merge::allows(a, a));
    } else {
      CHECK_FALSE(Merge::allows(a, a));
    }
    for (const librarian::Statement& b : statements) {
      CHECK(Merge::allows(a, b) == Merge::allows(b, a));
      if (a.kind != b.kind || a.figures != b.figures) CHECK_FALSE(Merge::allows(a, b));
      if (a.about == b.about && a.relation != b.relation) CHECK_FALSE(Merge::allows(a, b));
    }
  }
  for (int round = 0; round < 20; ++round) {
    const std::vector<float> first = detail::random_direction(random);
    std::vector<knowledge::Node> members;
    for (std::uint32_t i = 0; i < 50; ++i) {
      knowledge::Node node{.id = {i},
                           .kind = 1,
                           .text = "said",
                           .source = "source " + std::to_string(i % 7),
                           .confidence = 0.05 + 0.9 * random.uniform(),
                           .vector = first};
      for (float& x : node.vector) x += i == 0 ? 0.0F : 0.25F * static_cast<float>(random.normal());
      members.push_back(std::move(node));
    }
    const knowledge::Node alone = Merge::combine(View<const knowledge::Node>(members.data(), 1));
    CHECK(alone.confidence == doctest::Approx(members[0].confidence));
    CHECK(alone.source == members[0].source);
    CHECK(alone.vector == members[0].vector);
    const knowledge::Node whole = Merge::combine(View<const knowledge::Node>(members));
    double most = 0;
    for (const knowledge::Node& node : members) most = std::max(most, node.confidence);
    CHECK(whole.kind == 1);
    CHECK(whole.confidence >= most - 1e-12);
    CHECK(whole.confidence <= 1);
    CHECK(whole.weight > 0);
    for (std::uint32_t i = 0; i < 7; ++i)
      CHECK(whole.source.find("source " + std::to_string(i)) != std::string::npos);
    double dot = 0, a = 0, b = 0;
    for (std::size_t i = 0; i < first.size(); ++i) {
      dot += double{first[i]} * whole.vector[i];
      a += double{first[i]} * first[i];
      b += double{whole.vector[i]} * whole.vector[i];
    }
    CHECK(dot / std::sqrt(a * b) > 0.95);
    for (std::size_t i = members.size(); i > 2; --i) std::swap(members[i - 1], members[1 + random.below(i - 1)]);
    const knowledge::Node again = Merge::combine(View<const knowledge::Node>(members));
    CHECK(again.confidence == doctest::Approx(whole.confidence));
    for (std::size_t i = 0; i < first.size(); ++i)
      CHECK(again.vector[i] == doctest::Approx(whole.vector[i]).epsilon(1e-4));
  }
}

/// The same answer each time.
template <librarian::ConflictPolicy Conflict>
void conflict_policy() {
  Random random(3);
  for (int round = 0; round < 100; ++round) {
    const auto edge = [&] {
      return knowledge::Edge{.id = {static_cast<std::uint32_t>(random.below(9))},
                             .to = {static_cast<std::uint32_t>(random.below(9))},
                             .valid_from = {static_cast<std::int64_t>(random.below(9))},
                             .confidence = random.uniform()};
    };
    const knowledge::Edge held = edge();
    const knowledge::Edge said = edge();
    CHECK(Conflict::decide(held, said) == Conflict::decide(held, said));
  }
}

/// Finite, not negative, the same each time, and never less for a node of which all is the same but that it is more
/// certain.
template <librarian::EvictionPolicy Eviction>
void eviction_policy() {
  Random random(4);
  for (int round = 0; round < 200; ++round) {
    const knowledge::Time now{static_cast<std::int64_t>(random.below(1ULL << 52U))};
    const knowledge::Use use{
        .count = random.below(1000),
        .last = {random.below(4) == 0 ? knowledge::beginning.microseconds
                                      : static_cast<std::int64_t>(random.below(1ULL << 52U))}};
    const double confidence = random.uniform();
    const double worth = Eviction::worth({.confidence = confidence}, use, now);
    CHECK(std::isfinite(worth));
    CHECK(worth >= 0);
    CHECK(worth == Eviction::worth({.confidence = confidence}, use, now));
    CHECK(Eviction::worth({.confidence = std::min(1.0, confidence + 0.1)}, use, now) >= worth);
  }
}

}  // namespace asterism::laws
