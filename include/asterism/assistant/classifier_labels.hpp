// The labels of a classifier, checked once.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"

namespace asterism::assistant {

/// Names of the kinds of queries. Immutable.
class Labels {
 public:
  /// InvalidArgument unless there are at least two, none empty and each once.
  explicit Labels(std::vector<std::string> names);

  std::size_t size() const { return names_.size(); }
  View<const std::string> names() const { return names_; }
  const std::string& operator[](std::size_t label) const { return names_[label]; }
  /// InvalidArgument, which names those that there are, for another name.
  std::size_t number_of(std::string_view name) const;
  /// InvalidArgument unless there is a place for each.
  void check_places(std::size_t places) const;

  friend bool operator==(const Labels&, const Labels&) = default;

 private:
  std::vector<std::string> names_;
};

}  // namespace asterism::assistant

#if !defined(ASTERISM_COMPILED)
#include "asterism/assistant/classifier_labels_impl.hpp"
#endif
