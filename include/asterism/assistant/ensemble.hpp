// Several classifiers as one.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "asterism/assistant/concept.hpp"
#include "asterism/assistant/ngram_classifier.hpp"
#include "asterism/assistant/pool.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/view.hpp"

namespace asterism::assistant {

/// What its members say, pooled. Models QueryClassifier. Owns its members.
template <QueryClassifier... Members>
class Ensemble {
  static_assert(sizeof...(Members) > 0, "an ensemble has a member");

 public:
  static constexpr std::size_t size = sizeof...(Members);

  /// Members with the same labels in the same order, and a weight of each; InvalidArgument otherwise.
  Ensemble(Pool pool, Members... members) : pool_(std::move(pool)), members_(std::move(members)...) {
    if (pool_.weights().size != size) {
      throw InvalidArgument(
          concat("an ensemble of ", size, " members is pooled with ", pool_.weights().size, " weights"));
    }
    std::apply(
        [this](const auto&... other) {
          for (const bool same : {std::ranges::equal(labels(), other.labels())...}) {
            if (!same) throw InvalidArgument("the members of an ensemble have other labels than the first one");
          }
        },
        members_);
  }

  View<const std::string> labels() const { return std::get<0>(members_).labels(); }
  const Pool& pool() const { return pool_; }
  template <std::size_t member>
  auto& get() {
    return std::get<member>(members_);
  }

  void classify(std::string_view query, View<double> probabilities) {
    std::vector<double> said(size * labels().size);
    ask(query, said);
    pool_.combine(MatrixView<const double>(said.data(), size, labels().size), probabilities);
  }

  /// Weighs the members by queries that none of them has learned from.
  void fit_pool(View<const LabelledQuery> queries) {
    std::vector<double> said(queries.size * size * labels().size);
    std::vector<std::size_t> kinds;
    for (const LabelledQuery& one : queries) {
      ask(one.query, View<double>(said).subview(kinds.size() * size * labels().size, size * labels().size));
      kinds.push_back(one.label);
    }
    pool_ = Pool::fitted(MatrixView<const double>(said.data(), queries.size * size, labels().size), kinds);
  }

 private:
  /// What each member says, one after the other.
  void ask(std::string_view query, View<double> said) {
    std::size_t at = 0;
    std::apply(
        [&](auto&... member) { (member.classify(query, said.subview(at++ * labels().size, labels().size)), ...); },
        members_);
  }

  Pool pool_;
  std::tuple<Members...> members_;
};

}  // namespace asterism::assistant
