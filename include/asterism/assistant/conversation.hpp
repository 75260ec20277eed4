// The prompts of a conversation: facts, earlier turns and a query, as many as there is room for.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/core/view.hpp"
#include "asterism/librarian/block.hpp"
#include "asterism/librarian/concept.hpp"
#include "asterism/text/tokenizer.hpp"

namespace asterism::assistant {

/// What stands before a query and before its answer, as the model was trained.
struct PromptForm {
  std::string query = "\nQuery:";
  std::string response = "\nResponse:";
};

/// Remembers the last turns. A prompt is: a block of facts, what a persona is told first, earlier turns, the query.
/// Markers and roles go in as ids; facts, queries and answers as text that can bring none. Not thread-safe; the
/// tokenizer must outlive it.
class Conversation {
 public:
  /// `turns`: that a query sees at most; older ones are forgotten.
  Conversation(const text::Tokenizer& tokenizer, PromptForm form, std::size_t turns);

  struct Composed {
    std::vector<TokenId> tokens;
    std::size_t facts = 0;  ///< in its block
    std::size_t turns = 0;  ///< earlier ones
  };

  /// A prompt of at most `room` tokens. Earlier turns, whole and the newest first, take at most half of what the query
  /// leaves; facts, whole and the first ones first, the rest, at most `block_tokens`. InvalidArgument, with both
  /// numbers, for a query that alone takes more than `room`.
  Composed compose(std::string_view query, View<const librarian::Passage> facts, std::string_view preamble,
                   std::size_t room, std::size_t block_tokens) const;

  /// A query was answered so; `answer` as it was generated.
  void add(std::string_view query, std::string_view answer);
  /// Turns that are remembered.
  std::size_t turns() const { return turns_.size(); }
  void clear() { turns_.clear(); }

 private:
  std::vector<TokenId> role(const std::string& text) const;
  /// The query up to where its answer begins.
  std::vector<TokenId> asked(std::string_view query) const;

  const text::Tokenizer* tokenizer_;
  librarian::BlockWriter writer_;
  PromptForm form_;
  std::size_t most_;
  std::deque<std::vector<TokenId>> turns_;
};

}  // namespace asterism::assistant

#if !defined(ASTERISM_COMPILED)
#include "asterism/assistant/conversation_impl.hpp"
#endif
