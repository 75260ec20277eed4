// Bodies of draft.hpp.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/librarian/draft.hpp"

namespace asterism::librarian {

namespace detail {

/// A token that an expert served.
struct Served {
  std::size_t position = 0;
  double weight = 0;
};

inline Report report_of(std::int32_t expert, std::vector<Served> tokens, MatrixView<const float> states,
                        Report report) {
  std::vector<double> sums(states.cols);
  double weight = 0;
  for (const Served& token : tokens) {
    for (std::size_t c = 0; c < states.cols; ++c) sums[c] += token.weight * double{states(token.position, c)};
    weight += token.weight;
  }
  report.vector.clear();
  for (const double sum : sums) report.vector.push_back(static_cast<float>(sum / weight));
  report.confidence = weight / static_cast<double>(tokens.size());
  report.expert = concat("expert ", expert);
  report.text = concat(report.expert, " served ", tokens.size(), " tokens, most of all");

  std::stable_sort(tokens.begin(), tokens.end(),
                   [](const Served& a, const Served& b) { return a.weight > b.weight; });
  tokens.resize(std::min(tokens.size(), positions_of_a_report));
  report.positions.clear();
  for (const Served& token : tokens) {
    report.positions.push_back(token.position);
    report.text += concat(' ', token.position);
  }
  return report;
}

}  // namespace detail

ASTERISM_INLINE std::vector<Report> draft(MatrixView<const float> states, MatrixView<const gating::Route> routes,
                                          const Report& common) {
  if (states.rows != routes.rows) {
    throw InvalidArgument(concat("draft: ", states.rows, " states with routes of ", routes.rows, " tokens"));
  }
  std::map<std::int32_t, std::vector<detail::Served>> served;
  for (std::size_t position = 0; position < routes.rows; ++position) {
    for (const gating::Route& route : routes.row(position)) {
      if (!(route.weight >= 0 && route.weight <= 1)) {
        throw InvalidArgument(
            concat("draft: token ", position, " has a route of weight ", route.weight, ", expected 0 to 1"));
      }
      if (route.weight > 0) served[route.expert].push_back({position, double{route.weight}});
    }
  }
  std::vector<Report> reports;
  reports.reserve(served.size());
  for (auto& [expert, tokens] : served) {
    reports.push_back(detail::report_of(expert, std::move(tokens), states, common));
  }
  return reports;
}

}  // namespace asterism::librarian
