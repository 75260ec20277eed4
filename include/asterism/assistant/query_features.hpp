// What a classifier sees of a query: hashed words, and runs of characters of words.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"

namespace asterism::assistant {

/// One input of a linear model.
struct Feature {
  std::uint32_t index = 0;
  float value = 0;
  friend constexpr bool operator==(const Feature&, const Feature&) = default;
};

/// Words, and runs of three to five characters of a word with a blank at both ends, folded (encode::folded), each
/// hashed to one of `buckets` inputs. What a query has counts once, however often it has it. Immutable; may be used
/// from several threads at once. Source: Weinberger et al., Feature hashing for large scale multitask learning, ICML
/// 2009; runs of characters: Bojanowski et al., Enriching word vectors with subword information, TACL 2017.
class QueryFeatures {
 public:
  /// InvalidArgument unless 1 <= buckets <= 2^24.
  explicit QueryFeatures(std::uint32_t buckets = 4096);

  std::uint32_t buckets() const { return buckets_; }
  /// Sorted by index, each once; their squares sum to 1 unless there are none.
  std::vector<Feature> of(std::string_view query) const;

 private:
  std::uint32_t buckets_;
};

}  // namespace asterism::assistant

#if !defined(ASTERISM_COMPILED)
#include "asterism/assistant/query_features_impl.hpp"
#endif
