// Bodies of conversation.hpp.
#pragma once

#include <algorithm>
#include <utility>

#include "asterism/assistant/conversation.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"

namespace asterism::assistant {

namespace detail {

ASTERISM_INLINE void append(std::vector<TokenId>& to, const std::vector<TokenId>& more) {
  to.insert(to.end(), more.begin(), more.end());
}

}  // namespace detail

ASTERISM_INLINE Conversation::Conversation(const text::Tokenizer& tokenizer, PromptForm form, std::size_t turns)
    : tokenizer_(&tokenizer), writer_(tokenizer), form_(std::move(form)), most_(turns) {}

ASTERISM_INLINE std::vector<TokenId> Conversation::role(const std::string& text) const {
  return tokenizer_->encode(text, {.add_special_tokens = false});
}

ASTERISM_INLINE std::vector<TokenId> Conversation::asked(std::string_view query) const {
  std::vector<TokenId> out = role(form_.query);
  detail::append(out, writer_.encode_as_text(concat(" ", query)));
  detail::append(out, role(form_.response));
  return out;
}

ASTERISM_INLINE Conversation::Composed Conversation::compose(std::string_view query,
                                                             View<const librarian::Passage> facts,
                                                             std::string_view preamble, std::size_t room,
                                                             std::size_t block_tokens) const {
  Composed out{.tokens = tokenizer_->encode("")};
  std::vector<TokenId> last;
  if (!preamble.empty()) last = writer_.encode_as_text(concat("\n", preamble));
  const std::size_t before_turns = last.size();
  detail::append(last, asked(query));
  std::size_t taken = out.tokens.size() + last.size();
  if (taken > room) {
    throw InvalidArgument(concat("the query takes ", taken, " tokens, there is room for ", room,
                                 ": shorten it, lower the answer's GenerateOptions::max_tokens or raise ",
                                 "Limits::context"));
  }
  std::vector<TokenId> earlier;
  const std::size_t most = (room - taken) / 2;
  for (auto turn = turns_.rbegin(); turn != turns_.rend() && earlier.size() + turn->size() <= most; ++turn) {
    earlier.insert(earlier.begin(), turn->begin(), turn->end());
    ++out.turns;
  }
  taken += earlier.size();
  std::vector<std::string_view> views;
  for (const librarian::Passage& fact : facts) views.push_back(fact.text);
  const auto block = writer_.write(views, std::min(block_tokens, room - taken));
  out.facts = block.facts;
  detail::append(out.tokens, block.tokens);
  last.insert(last.begin() + static_cast<std::ptrdiff_t>(before_turns), earlier.begin(), earlier.end());
  detail::append(out.tokens, last);
  return out;
}

ASTERISM_INLINE void Conversation::add(std::string_view query, std::string_view answer) {
  if (most_ == 0) return;
  std::vector<TokenId> turn = asked(query);
  detail::append(turn, writer_.encode_as_text(answer));
  turns_.push_back(std::move(turn));
  if (turns_.size() > most_) turns_.pop_front();
}

}  // namespace asterism::assistant
